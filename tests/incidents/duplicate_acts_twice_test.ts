/**
 * SNS delivers each message at least once. A subscriber received one message twice, and stored two documents instead of one.
 *
 * kas stores each MessageId once, on disk. It accepts a repeated message, but does not act on it (R11).
 *
 * Source: https://qasimalbaqali.medium.com/achieving-idempotency-in-the-aws-serverless-space-d0671a521479
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { FLEET } from "../support/lab/cloud.ts";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { alarmMessage } from "../support/lab/notice.ts";
import { BASE, countInService, openNotifiedLab, startedIds } from "../support/lab/script.ts";

Deno.test("a repeated notification starts no second instance, even after a crash (R11)", async () => {
  await using lab = await openNotifiedLab(fleetOf([false, false, false], { kind: true }));
  const text = alarmMessage(`${FLEET}:cpuhigh:${lab.id(BASE)}`, "ALARM", lab.time.now());
  const post = lab.message(text, "the same");
  assertEquals(await lab.deliver(post), 200);
  await lab.pass(20_000);
  assertEquals(await lab.deliver(post), 200);
  await lab.pass(20_000);
  lab.kill(1_000);
  await lab.pass(2_000);
  assertEquals(await lab.deliver(post), 200);
  await lab.pass(120_000);
  assertEquals([startedIds(lab).length, countInService(lab)], [1, 2]);
});
