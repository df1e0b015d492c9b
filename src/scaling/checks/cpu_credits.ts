/**
 * R6: no instance is throttled to its baseline, where its CPU does not show its load.
 *
 * @module
 */
import { baselineOf } from "../model/burstable.ts";
import { inService, type Instance } from "../model/instance.ts";
import type { Observation } from "../model/observation.ts";
import { count, percent } from "../words.ts";
import { type Check, hold, type InContext, pass } from "./check.ts";

/**
 * The credits that count as none. CloudWatch shows the balance each five minutes and up to three minutes late. A credit is a minute
 * of one vCPU.
 */
const FEW_CREDITS = 10;

/** How far from its baseline the CPU of a throttled instance may be, as a share of the baseline. */
const TOLERANCE = 0.25;

/** R6: no instance with a CPU at its baseline lacks CPU credits. Without a balance the check passes. */
export const cpuCredits: Check<InContext> = {
  name: "cpu-credits",
  asks: "no CPU is throttled",
  check: ({ observation }) => {
    const { credits = {}, cpu } = observation;
    const throttled = atBaseline(observation).filter(({ id }) => (credits[id] ?? Infinity) < FEW_CREDITS);
    const [first] = throttled;
    if (first === undefined) return pass();
    const { id, type } = first;
    const more = throttled.length === 1 ? "" : ` ${count(throttled.length - 1, "more instance")} too.`;
    return hold(
      `${id} (${type}) has no CPU credits left: its CPU of ${
        percent(cpu?.[id]?.percent ?? NaN)
      } is EC2's limit, not its load.${more}`,
    );
  },
};

/** The instances in service whose CPU is at the baseline of their type. They may be throttled, so that their credits matter. */
export function atBaseline({ instances, cpu = {} }: Observation): readonly Instance[] {
  return instances.filter(inService).filter(({ id, type }) => {
    const baseline = baselineOf(type);
    const load = cpu[id]?.percent;
    return baseline !== undefined && load !== undefined &&
      Math.abs(load - baseline) <= TOLERANCE * baseline;
  });
}
