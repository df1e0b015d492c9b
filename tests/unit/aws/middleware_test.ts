import { assertEquals, assertRejects } from "@std/assert";
import { deregister } from "../../../src/aws/balancing/balancer.ts";
import type { Call } from "../../../src/aws/calls.ts";
import { fleetInstances } from "../../../src/aws/ec2/instances.ts";
import { startInstance, startInstances } from "../../../src/aws/ec2/state_changes.ts";
import { connect } from "../../../src/aws/clients.ts";
import { type Clock, realRuntime } from "../../../src/runtime.ts";
import { eventually } from "../../support/kas.ts";
import { ec2, ec2Error, queryError, wire } from "./wire.ts";

const NONE = () => ec2("DescribeInstances", "<reservationSet/>");

/** Returns an onCall callback that records each call as text. */
function recorder(): { readonly onCall: (call: Call) => void; readonly words: string[] } {
  const words: string[] = [];
  const onCall = ({ service, operation, outcome, seconds, retry }: Call) => {
    if (!(seconds >= 0 && seconds < 60)) throw new RangeError(`${seconds} s`);
    words.push(`${service} ${operation} ${outcome}${retry ? " again" : ""}`);
  };
  return { onCall, words };
}

Deno.test("the callback onCall receives each request, including the SDK's retries", async () => {
  const { onCall, words } = recorder();
  await using server = wire(
    (_, i) => i === 0 ? ec2Error("RequestLimitExceeded", "Slow down.", 503) : NONE(),
    { onCall },
  );
  await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
  await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
  assertEquals(words, [
    "EC2 DescribeInstances throttled",
    "EC2 DescribeInstances ok again",
    "EC2 DescribeInstances ok",
  ]);
});

const FAILURES: readonly [code: string, status: number, calls: string[]][] = [
  ["InsufficientInstanceCapacity", 500, ["EC2 StartInstances capacity"]],
  ["UnauthorizedOperation", 403, ["EC2 StartInstances refused"]],
  ["InternalError", 500, [
    "EC2 StartInstances failed",
    "EC2 StartInstances failed again",
    "EC2 StartInstances failed again",
  ]],
];

for (const [code, status, expected] of FAILURES) {
  Deno.test(`the callback onCall receives the error ${code} as "${expected[0]}"`, async () => {
    const { onCall, words } = recorder();
    await using server = wire(() => ec2Error(code, "No.", status), { onCall });
    await assertRejects(() => startInstance(server.aws, "i-1"));
    assertEquals(words, expected);
  });
}

const never = () => new Promise<Response>(() => {});

Deno.test("the callback onCall receives a request that gets no response", async () => {
  const { onCall, words } = recorder();
  await using server = wire(never, { onCall, timeLimit: 20 });
  await assertRejects(() => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" })));
  assertEquals(words, [
    "EC2 DescribeInstances unreachable",
    "EC2 DescribeInstances unreachable again",
    "EC2 DescribeInstances unreachable again",
  ]);
});

Deno.test("the callback onCall receives an aborted request", async () => {
  const { onCall, words } = recorder();
  const stop = new AbortController();
  await using server = wire(() => {
    stop.abort();
    return never();
  }, { onCall });
  await assertRejects(() => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }, stop.signal)));
  assertEquals(words, ["EC2 DescribeInstances aborted"]);
});

Deno.test("the callback onCall receives the offset of AWS's clock", async () => {
  const offsets: (number | undefined)[] = [];
  const date = new Date(Date.now() + 60_000).toUTCString();
  await using server = wire(() => {
    const answer = NONE();
    answer.headers.set("date", date);
    return answer;
  }, { onCall: ({ clockOffset }) => offsets.push(clockOffset) });
  await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
  assertEquals(offsets.map((offset) => Math.round((offset ?? 0) / 5_000)), [12]);
});

Deno.test("the precondition of beforeChange() runs before each attempt of a call that may change something, and not before a call that reads", async () => {
  const waiting: PromiseWithResolvers<void>[] = [];
  const beforeChange = () => {
    const resolvers = Promise.withResolvers<void>();
    waiting.push(resolvers);
    return resolvers.promise;
  };
  await using server = wire(
    ({ action }) => action === "DescribeInstances" ? NONE() : ec2Error("InternalError", "No.", 500),
    { beforeChange },
  );
  const started = startInstance(server.aws, "i-1");
  await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
  const sent = () => server.calls.map(({ action }) => action);
  await eventually(() => waiting.length, (n) => n === 1);
  assertEquals(sent(), ["DescribeInstances"]);
  waiting[0]?.resolve();
  await eventually(() => waiting.length, (n) => n === 2);
  assertEquals(sent(), ["DescribeInstances", "StartInstances"]);
  waiting[1]?.reject(new Error("Input/output error"));
  await assertRejects(() => started, Error, "Input/output error");
  assertEquals(sent(), ["DescribeInstances", "StartInstances"]);
});

Deno.test("deregister() runs its precondition before each attempt, and fails if the precondition rejects", async () => {
  const { onCall, words } = recorder();
  await using server = wire(() => queryError("Throttling", "Rate exceeded"), { onCall });
  let runs = 0;
  const precondition = () => (++runs < 3 ? Promise.resolve() : Promise.reject(new Error("no longer")));
  await assertRejects(
    () => deregister(server.aws, { kind: "classic", name: "kas" }, "i-1", undefined, precondition),
    Error,
    "no longer",
  );
  assertEquals(runs, 3);
  assertEquals(words, [
    "ElasticLoadBalancing DeregisterInstancesFromLoadBalancer throttled",
    "ElasticLoadBalancing DeregisterInstancesFromLoadBalancer throttled again",
  ]);
});

/** A clock that records its short sleeps, which end at once. Time limits never end. */
function shortSleeps(): { readonly clock: Clock; readonly sleeps: number[] } {
  const sleeps: number[] = [];
  const sleep = (ms: number, signal?: AbortSignal) => {
    if (ms < 10_000) return Promise.resolve(void sleeps.push(ms));
    return new Promise<void>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  };
  return { clock: { now: Date.now, elapsed: () => 0, sleep }, sleeps };
}

for (
  const [who, patience, read] of [
    ["an account without patience sends changes at an interval", {}, [0]],
    ["an account with patience sends reads and changes at an interval", { patience: 60_000 }, [0, 10]],
  ] as const
) {
  Deno.test(`after a throttled request, ${who}`, async () => {
    const { clock, sleeps } = shortSleeps();
    await using server = wire(
      ({ action }, i) =>
        i % 2 === 0
          ? ec2Error("RequestLimitExceeded", "Slow down.", 503)
          : ec2(action, "<reservationSet/><instancesSet/>"),
      { runtime: { ...realRuntime, clock, random: () => 0 }, ...patience },
    );
    await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
    // The first pause is that of the SDK's retry.
    assertEquals(sleeps.splice(0), [...read]);
    await startInstances(server.aws, ["i-1"]);
    assertEquals(sleeps, [0, 10]);
  });
}

Deno.test("the pause of a request comes before its signature, and its precondition after both", async () => {
  using aws = connect({ region: "eu-west-1", beforeChange: () => Promise.resolve(), onCall: () => {} });
  const { middlewareStack } = await aws.ec2();
  const names = middlewareStack.identify().map((name) => /^\w+/.exec(name)?.[0] ?? "");
  const order = ["retryMiddleware", "pace", "httpSigningMiddleware", "beforeChange", "reportCalls"];
  assertEquals(names.filter((name) => order.includes(name)), order);
});
