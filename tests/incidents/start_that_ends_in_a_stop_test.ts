/**
 * AutoSpotting replaced instances by Spot instances, which EC2 ended soon after. AutoSpotting kept no record of them, and
 * launched the next ones at once, for hours. kas records such starts in its journal, whichever step they reached. It pauses
 * the starts of the instance for longer after each failure, and quarantines the instance after three failures within an hour.
 * The quarantine's reason contains EC2's StateReason (R18).
 *
 * Source: https://github.com/LeanerCloud/AutoSpotting/issues/293
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CallEvent } from "../../src/sandbox/faults/faults.ts";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import type { Lab } from "../support/lab/lab.ts";
import { FIRST, openPolledLab, startedIds } from "../support/lab/script.ts";

const CODE = "Client.InstanceInitiatedShutdown";

/** Opens a lab whose node shuts itself down five seconds after it runs. */
async function openLab(): Promise<Lab> {
  const plan = fleetOf([false], { kind: true, limits: { ...AT_ONCE, resync: 60_000 } });
  const lab = await openPolledLab(plan);
  const { cloud, time } = lab;
  const id = lab.id(FIRST);
  cloud.machines.broken.add(id);
  const { onCall } = cloud.faults;
  cloud.faults.onCall = async (call: CallEvent) => {
    await onCall?.(call);
    if (call.action !== "StartInstances" || call.moment !== "after") return;
    time.after(25_000, () => {
      void cloud.elsewhere("ec2", "StopInstances", { InstanceIds: [id] });
      cloud.account.updateInstance(id, {
        stateReason: { code: CODE, message: `${CODE}: Instance initiated shutdown` },
      });
    });
  };
  return lab;
}

Deno.test("kas pauses the starts of a node that stops after each start, and quarantines the node after three starts with EC2's reason (R18)", async () => {
  await using lab = await openLab();
  lab.cloud.machines.demand = 2.5;
  await lab.pass(3_600_000);
  const starts = startedIds(lab).length;
  assert(starts === 3, `${starts} starts in an hour`);
  const { tags = {}, state } = lab.cloud.truth(lab.id(FIRST)) ?? {};
  assertEquals(state, "stopped");
  assertStringIncludes(tags["kas:quarantine"] ?? "", CODE);
});
