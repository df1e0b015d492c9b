/**
 * EC2 took ten minutes to stop an i3.metal instance. Packer reported a timeout, though the stop went on and succeeded.
 *
 * kas keeps the activity in progress, with a note, until EC2 has stopped the instance. Meanwhile a scale-out starts another node.
 *
 * Source: https://github.com/hashicorp/packer/issues/6289
 *
 * @module
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, FIRST, openNotifiedLab, reportIdle } from "../support/lab/script.ts";

Deno.test("a stop that takes EC2 longer than the timeout stays in progress with a note, and succeeds", async () => {
  const plan = fleetOf([true, false], { shutdown: 900_000, drainTimeout: 60_000 });
  await using lab = await openNotifiedLab(plan);
  await reportIdle(lab, FIRST);
  await lab.pass(10_000);
  const [begun] = lab.kas.journal.unfinished();
  await lab.pass(300_000);
  const [noted] = lab.kas.journal.unfinished();
  assertEquals([lab.status(FIRST), noted?.id], ["stopping none", begun?.id]);
  assertNotEquals(noted?.reason, begun?.reason);
  await askForMore(lab);
  await lab.pass(60_000);
  assertEquals(lab.status(2), "running in-service");
  await lab.pass(600_000);
  const stops = lab.kas.journal.lines(100, lab.time.now()).filter(({ kind }) => kind === "stop");
  assertEquals([lab.status(FIRST), stops.map(({ status }) => status)], ["stopped none", ["successful"]]);
});

Deno.test("a start of a node that EC2 takes long to stop gives up without blame, and the next candidate starts", async () => {
  const plan = fleetOf([true, true], { shutdown: 900_000, startTimeout: 60_000 });
  await using lab = await openNotifiedLab(plan);
  await reportIdle(lab, FIRST);
  await lab.pass(20_000);
  await reportIdle(lab, 2);
  await lab.pass(20_000);
  await askForMore(lab);
  await lab.pass(300_000);
  assertEquals(lab.kas.journal.unfinished().map(({ kind }) => kind), ["stop", "stop"]);
  assertEquals(lab.cloud.fleet().filter(({ tags }) => "kas:quarantine" in tags), []);
});
