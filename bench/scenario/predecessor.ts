/**
 * The predecessor's rules: it acts on each notification, has no memory, and ignores activities in progress. It has
 * kas's thresholds, so that only the rules differ.
 *
 * @module
 */
import { SimulatedAlarms } from "../../src/scaling/simulate/alarms.ts";
import type { SimulatedFleet } from "../../src/scaling/simulate/fleet.ts";
import type { Player } from "../../src/scaling/simulate/play.ts";

/**
 * If a cpuhigh alarm is in ALARM, the predecessor starts the first stopped instance. If a cpulow alarm is in OK, it
 * stops the alarm's instance, or another instance if that is the base instance.
 */
export function predecessor(fleet: SimulatedFleet): Player {
  const alarms = new SimulatedAlarms("fleet", fleet.machines.map(({ id }) => id), fleet.world);
  return (arrived) => {
    for (const { kind, dimension, to } of alarms.observe(arrived?.cloudwatch, fleet.now)) {
      if (kind === "cpuhigh" && to === "ALARM") {
        const [first] = fleet.in("stopped");
        if (first !== undefined) fleet.start(first.id);
      } else if (kind === "cpulow" && to === "OK") {
        const running = fleet.in("booting", "registering", "in-service").filter(({ base }) => !base);
        const target = running.find(({ id }) => id === dimension) ?? running[0];
        if (target !== undefined) fleet.stop(target.id, "at once");
      }
    }
  };
}
