/**
 * EC2 took ten minutes to stop an i3.metal instance. Packer reported a timeout, although EC2 later stopped the instance.
 *
 * In kas, the activity stays in progress until EC2 has stopped the instance, and its reason has a note. Meanwhile kas can
 * start another node.
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

Deno.test("if EC2 takes long to stop a node that kas wants to start, kas starts the next candidate, and counts no failure of the node", async () => {
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
