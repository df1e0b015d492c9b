import { assertEquals, assertRejects } from "@std/assert";
import { deregister } from "../../../src/aws/balancing/balancer.ts";
import type { Call } from "../../../src/aws/calls.ts";
import { fleetInstances, startInstance } from "../../../src/aws/ec2/instances.ts";
import { eventually } from "../../support/kas.ts";
import { ec2, ec2Error, queryError, wire } from "./wire.ts";

const NONE = () => ec2("DescribeInstances", "<reservationSet/>");

/** What was told of requests, in words. */
function told(): { readonly onCall: (call: Call) => void; readonly words: string[] } {
  const words: string[] = [];
  const onCall = ({ service, operation, outcome, seconds, retry }: Call) => {
    if (!(seconds >= 0 && seconds < 60)) throw new RangeError(`${seconds} s`);
    words.push(`${service} ${operation} ${outcome}${retry ? " again" : ""}`);
  };
  return { onCall, words };
}

Deno.test("onCall is told of each request by itself, the SDK's retries too", async () => {
  const { onCall, words } = told();
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

const FAILURES: readonly [code: string, status: number, told: string[]][] = [
  ["InsufficientInstanceCapacity", 500, ["EC2 StartInstances capacity"]],
  ["UnauthorizedOperation", 403, ["EC2 StartInstances refused"]],
  ["InternalError", 500, [
    "EC2 StartInstances failed",
    "EC2 StartInstances failed again",
    "EC2 StartInstances failed again",
  ]],
];

for (const [code, status, expected] of FAILURES) {
  Deno.test(`onCall tells of ${code} as ${expected[0]}`, async () => {
    const { onCall, words } = told();
    await using server = wire(() => ec2Error(code, "No.", status), { onCall });
    await assertRejects(() => startInstance(server.aws, "i-1"));
    assertEquals(words, expected);
  });
}

const never = () => new Promise<Response>(() => {});

Deno.test("onCall tells of a request that got no answer", async () => {
  const { onCall, words } = told();
  await using server = wire(never, { onCall, timeLimit: 20 });
  await assertRejects(() => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" })));
  assertEquals(words, [
    "EC2 DescribeInstances unreachable",
    "EC2 DescribeInstances unreachable again",
    "EC2 DescribeInstances unreachable again",
  ]);
});

Deno.test("onCall tells of a request that nobody waits for any more", async () => {
  const { onCall, words } = told();
  const stop = new AbortController();
  await using server = wire(() => {
    stop.abort();
    return never();
  }, { onCall });
  await assertRejects(() => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }, stop.signal)));
  assertEquals(words, ["EC2 DescribeInstances aborted"]);
});

Deno.test("what changes something is sent once beforeChange() resolves, each time it is tried, and what only reads does not ask", async () => {
  const checks: PromiseWithResolvers<void>[] = [];
  const beforeChange = () => {
    const check = Promise.withResolvers<void>();
    checks.push(check);
    return check.promise;
  };
  await using server = wire(
    ({ action }) => action === "DescribeInstances" ? NONE() : ec2Error("InternalError", "No.", 500),
    { beforeChange },
  );
  const started = startInstance(server.aws, "i-1");
  await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
  const sent = () => server.calls.map(({ action }) => action);
  await eventually(() => checks.length, (n) => n === 1);
  assertEquals(sent(), ["DescribeInstances"]);
  checks[0]?.resolve();
  await eventually(() => checks.length, (n) => n === 2);
  assertEquals(sent(), ["DescribeInstances", "StartInstances"]);
  checks[1]?.reject(new Error("Input/output error"));
  await assertRejects(() => started, Error, "Input/output error");
  assertEquals(sent(), ["DescribeInstances", "StartInstances"]);
});

Deno.test("what is made sure of before each request of a deregistration is made sure of before a repeat too, and ends it", async () => {
  const { onCall, words } = told();
  await using server = wire(() => queryError("Throttling", "Rate exceeded"), { onCall });
  let checks = 0;
  const check = () => (++checks < 3 ? Promise.resolve() : Promise.reject(new Error("not any more")));
  await assertRejects(
    () => deregister(server.aws, { kind: "classic", name: "kas" }, "i-1", undefined, check),
    Error,
    "not any more",
  );
  assertEquals(checks, 3);
  assertEquals(words, [
    "ElasticLoadBalancing DeregisterInstancesFromLoadBalancer throttled",
    "ElasticLoadBalancing DeregisterInstancesFromLoadBalancer throttled again",
  ]);
});
