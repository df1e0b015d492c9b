import { assertEquals } from "@std/assert";
import { at } from "../output.ts";
import { A, B, type Fixture, startEc2 } from "./fixture.ts";

/** Starts EC2 with A running. */
async function startOne(): Promise<Fixture> {
  const aws = startEc2();
  await aws.call("StartInstances", { InstanceIds: [A] });
  aws.clock.advance(2_000);
  return aws;
}

/** Stops and starts an instance. */
async function restart(aws: Fixture, id: string): Promise<void> {
  await aws.call("StopInstances", { InstanceIds: [id] });
  await aws.pass(1_000, id, "stopped");
  await aws.call("StartInstances", { InstanceIds: [id] });
  aws.clock.advance(2_000);
}

/** Returns a field of A as DescribeInstances describes it. */
async function fieldOfA(aws: Fixture, path: string): Promise<unknown> {
  return at(await aws.call("DescribeInstances", { InstanceIds: [A] }), `Reservations.0.Instances.0.${path}`);
}

/** Returns the first status of A as DescribeInstanceStatus describes it. */
async function statusOfA(aws: Fixture): Promise<unknown> {
  return at(await aws.call("DescribeInstanceStatus", { InstanceIds: [A] }), "InstanceStatuses.0");
}

Deno.test("the fault hangs=ID suspends the processes of a running instance, and hangs=ID:TIME lets them continue", async () => {
  await using aws = await startOne();
  aws.faults.set(`hangs=${A}`);
  assertEquals(aws.signals, [`${A} SIGSTOP`]);
  aws.faults.set(`hangs=${A}:5m`);
  aws.clock.advance(299_999);
  assertEquals(aws.signals.length, 2);
  aws.clock.advance(1);
  assertEquals(aws.signals.at(-1), `${A} SIGCONT`);
});

Deno.test("a machine that replaced one that hung gets no signal when the hang ends", async () => {
  await using aws = await startOne();
  aws.faults.set(`hangs=${A}:5m`);
  await restart(aws, A);
  aws.clock.advance(600_000);
  assertEquals(aws.signals, [`${A} SIGSTOP`]);
});

Deno.test("the fault dies=ID ends the processes of an instance that EC2 still reports as running", async () => {
  await using aws = await startOne();
  aws.faults.set(`dies=${A}`);
  assertEquals([aws.signals, aws.state(A)], [[`${A} SIGKILL`], "running"]);
});

Deno.test("a failure of an instance that does not run happens once, as soon as the instance runs", async () => {
  await using aws = await startOne();
  aws.faults.set(`dies=${B}`);
  assertEquals(aws.signals, []);
  await aws.call("StartInstances", { InstanceIds: [B] });
  aws.clock.advance(2_000);
  assertEquals(aws.signals, [`${B} SIGKILL`]);
  await restart(aws, B);
  assertEquals(aws.signals, [`${B} SIGKILL`]);
});

Deno.test("the fault impaired=ID fails the status checks until a stop, or for a time", async () => {
  await using aws = await startOne();
  const check = async () => at(await statusOfA(aws), "SystemStatus.Status");
  aws.faults.set(`impaired=${A}`);
  assertEquals(await check(), "impaired");
  await restart(aws, A);
  assertEquals(await check(), "ok");
  aws.faults.set(`impaired=${A}:5m`);
  aws.clock.advance(299_999);
  assertEquals(await check(), "impaired");
  aws.clock.advance(1);
  assertEquals(await check(), "ok");
});

Deno.test("the fault retires=ID:TIME announces a retirement, and stops the instance after the time", async () => {
  await using aws = await startOne();
  aws.faults.set(`retires=${A}:1h`);
  assertEquals(at(await statusOfA(aws), "Events.0.NotBefore"), new Date(aws.clock.now() + 3_600_000));
  aws.clock.advance(3_599_999);
  assertEquals(aws.state(A), "running");
  await aws.pass(1_001, A, "stopped");
  assertEquals(await fieldOfA(aws, "StateReason.Code"), "Server.ScheduledStop");
});

Deno.test("a stop and a start complete a retirement, which EC2 still lists", async () => {
  await using aws = await startOne();
  aws.faults.set(`retires=${A}:1h`);
  await restart(aws, A);
  assertEquals(String(at(await statusOfA(aws), "Events.0.Description")).startsWith("[Completed]"), true);
  aws.clock.advance(7_200_000);
  assertEquals(aws.state(A), "running");
});

Deno.test("the fault retires=ID announces the retirement two weeks before", async () => {
  await using aws = await startOne();
  aws.faults.set(`retires=${A}`);
  assertEquals(at(await statusOfA(aws), "Events.0.NotBefore"), new Date(aws.clock.now() + 14 * 86_400_000));
});

for (
  const [fault, end, code] of [
    [`ends=${A}`, "stopped", "Client.InstanceInitiatedShutdown"],
    [`ends=${A}:Server.SpotInstanceShutdown`, "stopped", "Server.SpotInstanceShutdown"],
    [`ends=${A}:Server.SpotInstanceTermination`, "terminated", "Server.SpotInstanceTermination"],
    [`ends=${A}:Server.InternalError`, "terminated", "Server.InternalError"],
  ] as const
) {
  Deno.test(`after the fault ${fault.replace(A, "ID")} the instance is ${end} with the StateReason ${code}`, async () => {
    await using aws = await startOne();
    aws.faults.set(fault);
    assertEquals(aws.state(A), end === "stopped" ? "stopping" : "shutting-down");
    await aws.pass(1_000, A, end);
    assertEquals(await fieldOfA(aws, "StateReason.Code"), code);
    assertEquals(await fieldOfA(aws, "StateTransitionReason"), code);
    assertEquals([...aws.on], []);
  });
}

Deno.test("an instance with an instance store as its root device is terminated where another one is stopped", async () => {
  await using aws = await startOne();
  aws.account.updateInstance(A, { rootDevice: "instance-store" });
  aws.faults.set(`ends=${A}`);
  await aws.pass(1_000, A, "terminated");
});

Deno.test("the fault failing-start=ID lets EC2 accept each start of an instance, and stops the instance instead of running it", async () => {
  await using aws = await startOne();
  aws.faults.set(`failing-start=${B}`);
  for (let start = 0; start < 2; start++) {
    await aws.call("StartInstances", { InstanceIds: [B] });
    assertEquals(aws.state(B), "pending");
    aws.clock.advance(2_000);
    assertEquals(aws.state(B), "stopped");
  }
  const found = await aws.call("DescribeInstances", { InstanceIds: [B] });
  assertEquals(at(found, "Reservations.0.Instances.0.StateReason.Code"), "Client.InternalError");
});

Deno.test("Faults.clear() forgets the failures that have not happened yet", async () => {
  await using aws = await startOne();
  aws.faults.set(`dies=${B}`);
  aws.faults.clear();
  await aws.call("StartInstances", { InstanceIds: [B] });
  aws.clock.advance(2_000);
  assertEquals(aws.signals, []);
});
