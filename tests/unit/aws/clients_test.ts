import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { findBalancer } from "../../../src/aws/balancing/balancer.ts";
import { connect } from "../../../src/aws/clients.ts";
import {
  code,
  isAccessFailure,
  isInsufficientCapacity,
  isThrottled,
  RegionError,
  UnreachableError,
} from "../../../src/aws/errors.ts";
import { describeError } from "../../../src/aws/error_messages.ts";
import { fleetInstances } from "../../../src/aws/ec2/instances.ts";
import { startInstance } from "../../../src/aws/ec2/state_changes.ts";
import { realClock, realRuntime } from "../../../src/runtime.ts";
import { execute } from "../../support/kas.ts";
import { credentials, ec2, ec2Error, query, queryError, wire } from "./wire.ts";

/** The longest duration of a timer, ms. */
const NEVER = 2 ** 31 - 1;

const NONE = () => ec2("DescribeInstances", "<reservationSet/>");

Deno.test("connect() sends no request before the first call", async () => {
  await using server = wire(NONE);
  assertEquals(server.calls, []);
});

Deno.test("consecutive AWS calls reuse a connection", async () => {
  await using server = wire(NONE);
  await list(server.aws);
  await list(server.aws);
  assertEquals(new Set(server.calls.map(({ port }) => port)).size, 1);
});

Deno.test("an AWS call opens a new connection after the server closed the old connection", async () => {
  await using server = wire(() => {
    const answer = NONE();
    answer.headers.set("connection", "close");
    return answer;
  });
  for (let i = 0; i < 3; i++) await list(server.aws);
  assertEquals(server.calls.length, 3);
});

Deno.test("kas retries an AWS call that AWS throttles", async () => {
  await using server = wire((_, i) => i === 0 ? ec2Error("RequestLimitExceeded", "Slow down.", 503) : NONE());
  await list(server.aws);
  assertEquals(server.calls.length, 2);
});

Deno.test("kas repeats a throttled AWS call until its patience ends, and only then fails", async () => {
  let elapsed = 0;
  const clock = {
    ...realClock,
    elapsed: () => elapsed,
    // The time limit of an attempt never ends.
    sleep: (ms: number) => {
      if (ms === NEVER) return new Promise<void>(() => {});
      elapsed += ms;
      return Promise.resolve();
    },
  };
  const account = {
    patience: 120_000,
    timeLimit: NEVER,
    runtime: { ...realRuntime, clock, random: () => 0.5 },
  };
  const throttled = () => ec2Error("RequestLimitExceeded", "Slow down.", 503);
  await using server = wire((_, i) => i < 8 ? throttled() : NONE(), account);
  await list(server.aws);
  assertEquals(server.calls.length, 9);
  await using busy = wire(throttled, account);
  const begun = elapsed;
  assert(isThrottled(await assertRejects(() => list(busy.aws))));
  assertGreaterOrEqual(elapsed - begun, 120_000);
  assertLess(elapsed - begun, 150_000);
});

Deno.test("patience is for throttling only: other failures make three attempts", async () => {
  await using server = wire(() => ec2Error("InternalError", "An internal error has occurred", 500), {
    patience: 120_000,
  });
  await assertRejects(() => list(server.aws));
  assertEquals(server.calls.length, 3);
});

Deno.test("ELB's DependencyThrottle is throttling: kas repeats the call", async () => {
  const found =
    "<LoadBalancerDescriptions><member><LoadBalancerName>kas</LoadBalancerName></member></LoadBalancerDescriptions>";
  await using server = wire((_, i) =>
    i === 0 ? queryError("DependencyThrottle", "Rate exceeded") : query("DescribeLoadBalancers", found)
  );
  assertEquals((await findBalancer(server.aws, { kind: "classic", name: "kas" }))?.name, "kas");
});

Deno.test("a failing AWS call makes three attempts", async () => {
  await using server = wire(() => ec2Error("InternalError", "An internal error has occurred", 500));
  const error = await assertRejects(() => list(server.aws));
  assertEquals(code(error), "InternalError");
  assertEquals(server.calls.length, 3);
});

Deno.test("kas does not retry an EC2 call that fails with status 500 for lack of capacity (R7)", async () => {
  await using server = wire(() => ec2Error("InsufficientInstanceCapacity", "No capacity.", 500));
  const error = await assertRejects(() => startInstance(server.aws, "i-1"));
  assert(isInsufficientCapacity(error));
  assertEquals(server.calls.length, 1);
});

Deno.test("an AWS call without a response in time fails as unreachable after three attempts", async () => {
  await using server = wire(() => never(), { timeLimit: 20 });
  const error = await assertRejects(() => list(server.aws), UnreachableError);
  assertStringIncludes(error.message, server.url);
  assert(isAccessFailure(error));
  assertEquals(server.calls.length, 3);
});

Deno.test("an AWS call whose response does not end in time fails as unreachable", async () => {
  const endless = () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (stream) => stream.enqueue(new TextEncoder().encode("<DescribeInstancesResponse>")),
    });
  await using server = wire(() => new Response(endless()), { timeLimit: 20 });
  await assertRejects(() => list(server.aws), UnreachableError);
});

Deno.test("the caller's abort signal aborts an AWS call", async () => {
  const stop = new AbortController();
  await using server = wire(() => {
    stop.abort();
    return never();
  });
  const started = performance.now();
  const error = await assertRejects(() => list(server.aws, stop.signal));
  assertEquals(error.name, "AbortError");
  // The time limit of a call is 10 s, so the signal has ended the call.
  assertLess(performance.now() - started, 5_000);
  assertEquals(server.calls.length, 1);
});

Deno.test("a refused connection fails as unreachable, and the error names the endpoint", async () => {
  credentials();
  const url = freeUrl();
  using aws = connect({ region: "eu-west-1", endpointUrl: url });
  const started = performance.now();
  const error = await assertRejects(() => list(aws), UnreachableError);
  assertStringIncludes(error.message, url);
  assertLess(performance.now() - started, 5_000);
});

Deno.test("the AWS client uses the region of the account", async () => {
  await using server = wire(NONE, { region: "mx-central-1" });
  const client = await server.aws.ec2();
  assertEquals(await client.config.region(), "mx-central-1");
});

Deno.test("an AWS call without a region fails with RegionError before the first request", async () => {
  // The test runs this in another process, because all tests of this process share the environment variables.
  const script = `
    import { connect } from ${JSON.stringify(new URL("../../../src/aws/clients.ts", import.meta.url).href)};
    using aws = connect({ endpointUrl: "http://127.0.0.1:1" });
    await aws.ec2().catch((error) => console.log(error.name, error.message));`;
  const { stdout, stderr } = await execute([Deno.execPath(), "eval", "--quiet", script]);
  assertEquals(stdout, `RegionError ${new RegionError().message}\n`, stderr);
});

Deno.test("describeError() does not quote a response that is not from AWS", async () => {
  await using server = wire(() => new Response("<!doctype html><title>Bad gateway</title>", { status: 502 }));
  const error = await assertRejects(() => list(server.aws));
  assertMatch(describeError(error).message, /^[^<]*\(HTTP status 502\)$/);
  assertGreaterOrEqual(server.calls.length, 1);
});

/** Returns a promise that never settles, for an answer that never arrives. */
function never(): Promise<Response> {
  return new Promise(() => {});
}

async function list(aws: ReturnType<typeof connect>, signal?: AbortSignal): Promise<unknown[]> {
  return await Array.fromAsync(fleetInstances(aws, { fleet: "kas" }, signal));
}

/** Returns a loopback URL at which no server listens. */
function freeUrl(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}`;
}
