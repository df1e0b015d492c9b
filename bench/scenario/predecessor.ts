/**
 * The predecessor's rules: it acts on each notification, has no memory, and ignores activities in progress. It has
 * kas's thresholds, so that only the rules differ.
 *
 * @module
 */
import { alarmChanges, instanceAlarms } from "./alarms.ts";
import type { SimulatedFleet } from "../../src/scaling/simulate/fleet.ts";
import type { Policy } from "./play.ts";

/**
 * If a cpuhigh alarm is in ALARM, the predecessor starts the first stopped instance. If a cpulow alarm is in OK, it
 * stops the alarm's instance, or another instance if that is the base instance.
 */
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
