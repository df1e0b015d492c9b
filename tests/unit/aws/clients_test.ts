import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertRejects } from "@std/assert";
import { connect } from "../../../src/aws/clients.ts";
import {
  code,
  isAccessFailure,
  isInsufficientCapacity,
  RegionError,
  UnreachableError,
} from "../../../src/aws/errors.ts";
import { describeError } from "../../../src/aws/error_messages.ts";
import { fleetInstances, startInstance } from "../../../src/aws/ec2/instances.ts";
import { withTimeLimit } from "../../../src/aws/sdk/config.ts";
import { execute } from "../../support/kas.ts";
import { credentials, ec2, ec2Error, wire } from "./wire.ts";

const NONE = () => ec2("DescribeInstances", "<reservationSet/>");

Deno.test("connect() sends nothing before the first call", async () => {
  await using server = wire(NONE);
  assertEquals(server.calls, []);
});

Deno.test("a call uses the connection of the one before", async () => {
  await using server = wire(NONE);
  await list(server.aws);
  await list(server.aws);
  assertEquals(new Set(server.calls.map(({ port }) => port)).size, 1);
});

Deno.test("a server that closes the connection after each answer is called again on a new one", async () => {
  await using server = wire(() => {
    const answer = NONE();
    answer.headers.set("connection", "close");
    return answer;
  });
  for (let i = 0; i < 3; i++) await list(server.aws);
  assertEquals(server.calls.length, 3);
});

Deno.test("a throttled call is tried again", async () => {
  await using server = wire((_, i) => i === 0 ? ec2Error("RequestLimitExceeded", "Slow down.", 503) : NONE());
  await list(server.aws);
  assertEquals(server.calls.length, 2);
});

Deno.test("a call that fails is tried three times", async () => {
  await using server = wire(() => ec2Error("InternalError", "An internal error has occurred", 500));
  const error = await assertRejects(() => list(server.aws));
  assertEquals(code(error), "InternalError");
  assertEquals(server.calls.length, 3);
});

Deno.test("a lack of capacity, a 500 of EC2's, is told at once: another instance is the better try (R7)", async () => {
  await using server = wire(() => ec2Error("InsufficientInstanceCapacity", "No capacity.", 500));
  const error = await assertRejects(() => startInstance(server.aws, "i-1"));
  assert(isInsufficientCapacity(error));
  assertEquals(server.calls.length, 1);
});

Deno.test("AWS that does not answer in time is out of reach", async () => {
  await using server = wire(() => never(), { timeLimit: 20 });
  const error = await assertRejects(() => list(server.aws), UnreachableError);
  assertEquals(error.message, `no answer from ${server.url} within 0.02 s`);
  assert(isAccessFailure(error));
  assertEquals(server.calls.length, 3);
});

Deno.test("an answer that does not end in time is as late as none", async () => {
  const endless = () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (stream) => stream.enqueue(new TextEncoder().encode("<DescribeInstancesResponse>")),
    });
  await using server = wire(() => new Response(endless()), { timeLimit: 20 });
  await assertRejects(() => list(server.aws), UnreachableError);
});

Deno.test("credentials that do not come in time are told so, and don't hold a call up for ever", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  await assertRejects(withTimeLimit(20, () => promise), UnreachableError, "no credentials within 0.02 s");
  resolve("credentials");
  assertEquals(await withTimeLimit(20, () => promise)(), "credentials");
});

Deno.test("the caller's signal ends a call", async () => {
  const stop = new AbortController();
  await using server = wire(() => {
    stop.abort();
    return never();
  });
  const started = performance.now();
  const error = await assertRejects(() => list(server.aws, stop.signal));
  assertEquals(error.name, "AbortError");
  // Long before the time limit.
  assertLess(performance.now() - started, 5_000);
  assertEquals(server.calls.length, 1);
});

Deno.test("an endpoint where nobody listens is out of reach, and the error says where it looked", async () => {
  credentials();
  const url = freeUrl();
  using aws = connect({ region: "eu-west-1", endpointUrl: url });
  const started = performance.now();
  const error = await assertRejects(() => list(aws), UnreachableError);
  assertEquals(error.message, `cannot reach ${url}: connection refused`);
  assertLess(performance.now() - started, 5_000);
});

Deno.test("the one region that counts is the account's", async () => {
  await using server = wire(NONE, { region: "mx-central-1" });
  const client = await server.aws.ec2();
  assertEquals(await client.config.region(), "mx-central-1");
});

Deno.test("an account without a region is told so before anything is sent", async () => {
  // A process of its own, as the environment belongs to all tests of this one.
  const script = `
    import { connect } from ${JSON.stringify(new URL("../../../src/aws/clients.ts", import.meta.url).href)};
    using aws = connect({ endpointUrl: "http://127.0.0.1:1" });
    await aws.ec2().catch((error) => console.log(error.name, error.message));`;
  const { stdout, stderr } = await execute([Deno.execPath(), "eval", "--quiet", script]);
  assertEquals(stdout, `RegionError ${new RegionError().message}\n`, stderr);
});

Deno.test("explain() keeps an answer that is not AWS's out of the line", async () => {
  await using server = wire(() => new Response("<!doctype html><title>Bad gateway</title>", { status: 502 }));
  const error = await assertRejects(() => list(server.aws));
  assertEquals(describeError(error).message, "an answer that is not AWS's (HTTP status 502)");
  assertGreaterOrEqual(server.calls.length, 1);
});

/** No answer, ever. */
function never(): Promise<Response> {
  return new Promise(() => {});
}

async function list(aws: ReturnType<typeof connect>, signal?: AbortSignal): Promise<unknown[]> {
  return await Array.fromAsync(fleetInstances(aws, { fleet: "kas" }, signal));
}

/** A URL on loopback where nobody listens. */
function freeUrl(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}`;
}
