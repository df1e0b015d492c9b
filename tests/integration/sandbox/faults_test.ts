import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { balancerRef, registrations } from "../../../src/aws/balancing/balancer.ts";
import { type Aws, connect } from "../../../src/aws/clients.ts";
import { isDenied, UnreachableError } from "../../../src/aws/errors.ts";
import { fleetInstances } from "../../../src/aws/ec2/instances.ts";
import { quarantine } from "../../../src/aws/ec2/quarantine.ts";
import { startInstance } from "../../../src/aws/ec2/state_changes.ts";
import { listSubscriptions } from "../../../src/aws/sns/topic.ts";
import { fleetAlarms } from "../../../src/aws/cloudwatch/alarms.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { credentials } from "../../unit/aws/wire.ts";
import { FAST } from "../../e2e/contract/backends.ts";
import { handClock } from "../../unit/sandbox/hand_clock.ts";

const KAS = balancerRef({ fleet: "kas" });

/** Starts a sandbox, and clients with a timeout in ms. */
async function account(options: Partial<SandboxOptions> = {}, timeLimit = 10_000) {
  credentials();
  const sandbox = await startSandbox({ ...FAST, ...options });
  const aws = connect({ region: "eu-west-1", endpointUrl: sandbox.url, timeLimit });
  return {
    sandbox,
    aws,
    [Symbol.asyncDispose]: async () => {
      aws[Symbol.dispose]();
      await sandbox[Symbol.asyncDispose]();
    },
  };
}

/** Returns one call of each service. The call throws if it gets no response. */
const CALLS: readonly ((aws: Aws, sandbox: Sandbox) => Promise<unknown>)[] = [
  (aws) => Array.fromAsync(fleetInstances(aws, { fleet: "kas" })),
  (aws) => registrations(aws, KAS),
  (aws) => fleetAlarms(aws, "kas"),
  (aws, { env }) => Array.fromAsync(listSubscriptions(aws, env["KAS_TOPIC_ARN"] ?? "")),
];

/** Returns the id of the sandbox's stopped node. */
function node({ account }: Sandbox): string {
  return account.instances().find(({ role }) => role === "node")?.id ?? "";
}

/** Returns the outcome of each call, in order. */
function ends({ calls }: Sandbox, from: number): string[] {
  return calls.slice(from).map(({ service, error }) => `${service} ${error}`);
}

Deno.test("the fault errors makes calls fail with each service's own status 500 or 503, and the calls have no effect", async () => {
  await using it = await account();
  it.sandbox.faults.errors = 1;
  const { length } = it.sandbox.calls;
  for (const call of CALLS) {
    const error = await assertRejects(() => call(it.aws, it.sandbox));
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
    assert(status === 500 || status === 503, `${status}`);
  }
  const told = new Set(ends(it.sandbox, length));
  for (const word of ["ec2 InternalError", "ec2 Unavailable", "elasticloadbalancing InternalFailure"]) {
    assert(told.has(word), word);
  }
  for (const word of ["monitoring ServiceUnavailable", "sns InternalFailure", "sns ServiceUnavailable"]) {
    assert(told.has(word), word);
  }
  await assertRejects(() => startInstance(it.aws, node(it.sandbox)));
  assertEquals(it.sandbox.account.instances().find(({ role }) => role === "node")?.state, "stopped");
});

Deno.test("the fault deny denies one action with each service's own error", async () => {
  await using it = await account();
  const denied = [
    "ec2:DescribeInstances",
    "elasticloadbalancing:DescribeInstanceHealth",
    "cloudwatch:DescribeAlarms",
    "sns:ListSubscriptionsByTopic",
  ];
  for (const action of denied) it.sandbox.faults.set(`deny=${action}`);
  const { length } = it.sandbox.calls;
  for (const [place, call] of CALLS.entries()) {
    const error = await assertRejects(() => call(it.aws, it.sandbox), Error);
    assert(isDenied(error), String(error));
    assertStringIncludes(error.message, `is not authorized to perform: ${denied[place]}`);
  }
  assertEquals(ends(it.sandbox, length), [
    "ec2 UnauthorizedOperation",
    "elasticloadbalancing AccessDenied",
    "monitoring AccessDenied",
    "sns AuthorizationError",
  ]);
  await startInstance(it.aws, node(it.sandbox));
});

Deno.test("the fault clock shifts the time of every response, and makes signatures five minutes off invalid", async () => {
  await using it = await account();
  it.sandbox.faults.set("clock=1h");
  const { length } = it.sandbox.calls;
  // The SDK adopts AWS's time and retries.
  for (const call of CALLS) await call(it.aws, it.sandbox);
  assertEquals(ends(it.sandbox, length).filter((end) => !end.endsWith(" undefined")), [
    "ec2 RequestExpired",
    "elasticloadbalancing SignatureDoesNotMatch",
    "monitoring InvalidSignatureException",
    "sns SignatureDoesNotMatch",
  ]);
  const { headers, body } = await fetch(`${it.sandbox.url}/?Action=ListTopics&Version=2010-03-31`);
  await body?.cancel();
  const ahead = Date.parse(headers.get("date") ?? "") - Date.now();
  assert(ahead > 3_595_000 && ahead <= 3_600_000, `${ahead}`);
});

Deno.test("the fault cut closes the connection in the middle of the response, after the call took effect", async () => {
  await using it = await account();
  it.sandbox.faults.cut = 1;
  const { length } = it.sandbox.calls;
  for (const call of CALLS) {
    await assertRejects(() => call(it.aws, it.sandbox), UnreachableError, "the connection broke");
  }
  assert(ends(it.sandbox, length).every((end) => end.endsWith(" cut")));
  await assertRejects(() => startInstance(it.aws, node(it.sandbox)), UnreachableError);
  await it.sandbox.account.waitUntil(() =>
    it.sandbox.account.instances().some(({ role, state }) => role === "node" && state === "running")
  );
});

Deno.test("the fault wedge never answers a call, and the call has no effect", async () => {
  await using it = await account({}, 100);
  it.sandbox.faults.wedge = 1;
  for (const call of CALLS) {
    await assertRejects(() => call(it.aws, it.sandbox), UnreachableError, "no answer");
  }
  await assertRejects(() => startInstance(it.aws, node(it.sandbox)), UnreachableError);
  it.sandbox.faults.clear();
  await registrations(it.aws, KAS);
  assertEquals(it.sandbox.account.instances().find(({ role }) => role === "node")?.state, "stopped");
  assert(it.sandbox.calls.some(({ error }) => error === "wedge"));
});

Deno.test("the fault wedge=ACTION applies only to the named action", async () => {
  await using it = await account({ faults: ["wedge=DescribeInstanceHealth"] }, 100);
  await assertRejects(() => registrations(it.aws, KAS), UnreachableError, "no answer");
  assertEquals((await Array.fromAsync(fleetInstances(it.aws, { fleet: "kas" }))).length, 2);
});

Deno.test("a sandbox stops immediately, even while calls wait because of the fault wedge", async () => {
  const it = await account({ faults: ["wedge=1"] });
  const call = assertRejects(() => registrations(it.aws, KAS));
  const { promise: passed, resolve } = Promise.withResolvers<void>();
  it.sandbox.faults.onCall = () => resolve();
  await passed;
  await it.sandbox[Symbol.asyncDispose]();
  await call;
  it.aws[Symbol.dispose]();
});

Deno.test("the fault stale-reads delays the states, registrations and tags of instances", async () => {
  const clock = handClock();
  const starting = account({ clock });
  await using it = await starting;
  const { aws, sandbox } = it;
  const id = node(sandbox);
  const seen = async () => {
    const all = await Array.fromAsync(fleetInstances(aws, { fleet: "kas" }));
    const { state, quarantine } = all.find((instance) => instance.id === id) ?? {};
    return [state, quarantine, (await registrations(aws, KAS)).size];
  };
  assertEquals(await seen(), ["stopped", undefined, 1]);
  clock.advance(5_000);
  sandbox.faults.set("stale-reads=10s");
  await startInstance(aws, id);
  await quarantine(aws, id, "why");
  assertEquals(await seen(), ["stopped", undefined, 1]);
  clock.advance(9_999);
  assertEquals(await seen(), ["stopped", undefined, 1]);
  clock.advance(1);
  assertEquals(await seen(), ["pending", "why", 1]);
});
