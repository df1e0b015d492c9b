/**
 * EC2's reads are eventually consistent. After a read that shows `pending`, the next read may show the state `stopped` from
 * before the start. boto3's waiter then reported that the instance had stopped. Scripts gave up, although the instances ran
 * soon after.
 *
 * During a start, kas believes the state `stopped` only if its time is after the start, or if EC2 has shown it for 30 s.
 *
 * Source: https://github.com/boto/boto3/issues/4386, https://github.com/elifesciences/builder/issues/88
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { askForMore, openNotifiedLab } from "../support/lab/script.ts";

for (const seed of [1, 2, 3]) {
  Deno.test(`a start succeeds even if EC2's reads show a state from before the start, and kas counts no failure (seed ${seed})`, async () => {
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
