import { assertEquals } from "@std/assert";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import { fromVersion7 } from "../../../../src/scaling/records/version_7.ts";
import { OBSERVATION } from "../fixtures.ts";

Deno.test("fromVersion7() converts the names of policies to policies, and leaves every other observation as it is", () => {
  const recorded = { ...OBSERVATION, limits: { ...OBSERVATION.limits, policies: ["alarms"] } };
  assertEquals(
    fromVersion7(recorded as unknown as Observation),
    { ...OBSERVATION, limits: { ...OBSERVATION.limits, policies: [{ type: "alarms" }] } },
  );
  const none = { ...OBSERVATION, limits: { ...OBSERVATION.limits, policies: [] } };
  for (const observation of [OBSERVATION, none, { kind: "unobserved", now: 1 } as const]) {
    assertEquals(fromVersion7(observation), observation);
  }
});
