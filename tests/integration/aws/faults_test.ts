import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { type Account, type Aws, connect } from "../../../src/aws/clients.ts";
import {
  isIncorrectState,
  isInsufficientCapacity,
  isNotFound,
  isThrottled,
  UnreachableError,
} from "../../../src/aws/errors.ts";
import { describeError } from "../../../src/aws/error_messages.ts";
import { fleetInstances } from "../../../src/aws/ec2/instances.ts";
import { startInstance, stopInstance, terminateInstance } from "../../../src/aws/ec2/state_changes.ts";
import { balancerRef, register, registrations } from "../../../src/aws/balancing/balancer.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { FAST } from "../../e2e/contract/backends.ts";
import { eventually } from "../../support/kas.ts";
import { credentials } from "../../unit/aws/wire.ts";

const KAS = balancerRef({ fleet: "kas" });

/** Returns the SDK clients for a sandbox. */
function connectTo({ url, env }: Sandbox, more: Account = {}): Aws {
  credentials();
  return connect({ region: env["AWS_REGION"], endpointUrl: url, ...more });
}

/** The id of the sandbox's stopped node. */
function node({ account }: Sandbox): string {
  return account.instances().find(({ role }) => role === "node")?.id ?? "";
}

Deno.test("kas reads a fleet that is larger than one page with two calls", async () => {
  await using sandbox = await startSandbox({ ...FAST, nodes: 1_004 });
  using aws = connectTo(sandbox);
  const found = await Array.fromAsync(fleetInstances(aws, { fleet: "kas" }));
  assertEquals(new Set(found.map(({ id }) => id)).size, 1_005);
  assertEquals(sandbox.calls.filter(({ action }) => action === "DescribeInstances").length, 2);
});

Deno.test("AWS calls succeed after retries while AWS throttles half of all calls", async () => {
  // With this seed, no call is throttled three times in a row.
  await using sandbox = await startSandbox({ ...FAST, seed: 1 });
  using aws = connectTo(sandbox);
  sandbox.faults.throttle = 0.5;
  for (let i = 0; i < 3; i++) await registrations(aws, KAS);
  const refused = sandbox.calls.filter(({ error }) => error !== undefined);
  assertGreater(refused.length, 0);
});

Deno.test("an AWS call fails as throttled after three attempts", async () => {
  await using sandbox = await startSandbox(FAST);
  using aws = connectTo(sandbox);
  sandbox.faults.throttle = 1;
  const before = sandbox.calls.length;
  assert(isThrottled(await assertRejects(() => startInstance(aws, node(sandbox)))));
  assertEquals(sandbox.calls.length - before, 3);
});

Deno.test("an AWS call fails as unreachable if the response takes longer than the time limit", async () => {
  await using sandbox = await startSandbox(FAST);
  using aws = connectTo(sandbox, { timeLimit: 50 });
  sandbox.faults.latency = 200;
  const before = sandbox.calls.length;
  const error = await assertRejects(() => registrations(aws, KAS), UnreachableError);
  assertEquals(
    describeError(error).message,
    `AWS is unreachable: no answer from ${sandbox.url} within 0.05 s`,
  );
  // The sandbox, like AWS, carries out aborted requests. The test waits for them.
  await eventually(() => sandbox.calls.length - before, (calls) => calls === 3);
});

Deno.test("startInstance() fails for a stopping or terminated instance", async () => {
  await using sandbox = await startSandbox(FAST);
  using aws = connectTo(sandbox);
  const id = node(sandbox);
  const stateIs = (state: string) => () =>
    sandbox.account.instances().find((found) => found.id === id)?.state === state;
  await startInstance(aws, id);
  await sandbox.account.waitUntil(stateIs("running"));
  await stopInstance(aws, id);
  assert(isIncorrectState(await assertRejects(() => startInstance(aws, id))));
  await sandbox.account.waitUntil(stateIs("stopped"));
  await terminateInstance(aws, id);
  assert(isIncorrectState(await assertRejects(() => startInstance(aws, id))));
});

Deno.test("kas does not retry a start that fails for lack of capacity", async () => {
  await using sandbox = await startSandbox(FAST);
  using aws = connectTo(sandbox);
  sandbox.faults.noCapacity.add(node(sandbox));
  assert(isInsufficientCapacity(await assertRejects(() => startInstance(aws, node(sandbox)))));
  assertEquals(sandbox.calls.filter(({ action }) => action === "StartInstances").length, 1);
});

Deno.test("register() fails with a not-found error for an unknown load balancer", async () => {
  await using sandbox = await startSandbox(FAST);
  using aws = connectTo(sandbox);
  assert(isNotFound(await assertRejects(() => register(aws, balancerRef({ fleet: "nope" }), node(sandbox)))));
});
