/**
 * The predecessor's rules: each notification acts, without memory and without regard to activities in progress. It has kas's
 * thresholds, so that the comparison is one of rules.
 *
 * @module
 */
import { alarmChanges, instanceAlarms } from "./alarms.ts";
import type { SimulatedFleet } from "../../src/scaling/simulate/fleet.ts";
import type { Policy } from "./play.ts";

/** cpuhigh in ALARM starts the first stopped instance. cpulow in OK stops its own instance; that of the base stops another. */
export function predecessor(fleet: SimulatedFleet): Policy {
  const alarms = instanceAlarms(fleet);
  return (points) => {
    for (const { kind, id, to } of points === undefined ? [] : alarmChanges(alarms, points, fleet.now)) {
      if (kind === "cpuhigh" && to === "ALARM") {
        const [first] = fleet.in("stopped");
        if (first !== undefined) fleet.start(first.id);
      } else if (kind === "cpulow" && to === "OK") {
        const running = fleet.in("booting", "registering", "in-service").filter(({ base }) => !base);
        const target = running.find((machine) => machine.id === id) ?? running[0];
        if (target !== undefined) fleet.stop(target.id, "at once");
      }
    }
  };
}
