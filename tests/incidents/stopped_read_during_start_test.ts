/**
 * EC2's reads are eventually consistent: after one that shows `pending`, the next one may show the `stopped` from before the start.
 * boto3's waiter took such a read for the end of the instance, and scripts gave up on instances that came up a moment later.
 *
 * During a start kas believes `stopped` only with a time after the start, or once EC2 has shown it for 30 s.
 *
 * Source: https://github.com/boto/boto3/issues/4386, https://github.com/elifesciences/builder/issues/88
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, openNotifiedLab } from "../support/lab/script.ts";

for (const seed of [1, 2, 3]) {
  Deno.test(`a start succeeds though EC2's reads go back in time, and blames no instance (seed ${seed})`, async () => {
    await using lab = await openNotifiedLab(fleetOf([false, false, false], { seed, startTimeout: 300_000 }));
    lab.cloud.faults.readLag = 5_000;
    for (let starts = 0; starts < 3; starts++) {
      await askForMore(lab);
      await lab.pass(120_000);
    }
    assertEquals([1, 2, 3].map((place) => lab.status(place)), Array(3).fill("running in-service"));
    assertEquals(lab.cloud.fleet().filter(({ tags }) => "kas:quarantine" in tags), []);
    const failed = lab.kas.journal.lines(100, lab.time.now()).filter(({ status }) => status === "failed");
    assertEquals(failed, []);
  });
}
