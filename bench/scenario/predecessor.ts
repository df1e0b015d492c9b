/**
 * The predecessor's rules, held against the plant: each notification acts, with no memory and no look at what is under way.
 * It is given kas's thresholds, as it is the rules that are compared.
 *
 * @module
 */
import { changes, instanceAlarms } from "./alarms.ts";
import type { Plant } from "./plant.ts";
import type { Policy } from "./play.ts";

/** cpuhigh in ALARM starts the first that is stopped; cpulow in OK stops its instance, the base's any other that runs. */
export function predecessor(plant: Plant): Policy {
  const alarms = instanceAlarms(plant);
  return (points) => {
    for (const { kind, id, to } of points === undefined ? [] : changes(alarms, points, plant.now)) {
      if (kind === "cpuhigh" && to === "ALARM") {
        const [first] = plant.in("stopped");
        if (first !== undefined) plant.start(first.id);
      } else if (kind === "cpulow" && to === "OK") {
        const running = plant.in("booting", "registering", "serving").filter(({ base }) => !base);
        const target = running.find((machine) => machine.id === id) ?? running[0];
        if (target !== undefined) plant.stop(target.id, "at once");
      }
    }
  };
}
