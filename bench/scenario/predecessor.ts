/**
 * The predecessor's rules: each notification acts, without memory and without regard to activities in progress. It has kas's
 * thresholds, so that the comparison is one of rules.
 *
 * @module
 */
import { alarmChanges, instanceAlarms } from "./alarms.ts";
import type { Plant } from "./plant.ts";
import type { Policy } from "./play.ts";

/** cpuhigh in ALARM starts the first stopped instance. cpulow in OK stops its own instance; that of the base stops another. */
export function predecessor(plant: Plant): Policy {
  const alarms = instanceAlarms(plant);
  return (points) => {
    for (const { kind, id, to } of points === undefined ? [] : alarmChanges(alarms, points, plant.now)) {
      if (kind === "cpuhigh" && to === "ALARM") {
        const [first] = plant.in("stopped");
        if (first !== undefined) plant.start(first.id);
      } else if (kind === "cpulow" && to === "OK") {
        const running = plant.in("booting", "registering", "in-service").filter(({ base }) => !base);
        const target = running.find((machine) => machine.id === id) ?? running[0];
        if (target !== undefined) plant.stop(target.id, "at once");
      }
    }
  };
}
