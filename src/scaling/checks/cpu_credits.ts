/**
 * R6: the check `cpu-credits`. EC2 throttles a T instance without CPU credits to a baseline. Its CPU then does not show its load.
 *
 * @module
 */
import { baselineOf } from "../model/burstable.ts";
import { inService, type Instance } from "../model/instance.ts";
import type { Observation } from "../model/observation.ts";
import { count, percent } from "../words.ts";
import { type Check, hold, type InContext, pass } from "./check.ts";

/**
 * An instance with fewer credits than this counts as an instance without credits. CloudWatch shows the balance every five
 * minutes, and up to three minutes late. A credit is worth one minute of one vCPU at 100 %.
 */
const FEW_CREDITS = 10;

/** The largest difference between the CPU of a throttled instance and its baseline, as a share of the baseline. */
const TOLERANCE = 0.25;

/**
 * R6: passes if every instance whose CPU is at its baseline has CPU credits. An instance whose credit balance is unknown
 * counts as an instance with credits.
 */
export const cpuCredits: Check<InContext> = {
  name: "cpu-credits",
  condition: "no CPU is throttled",
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

/** Returns the instances in service whose CPU is at the baseline of their type: EC2 may throttle them. */
export function atBaseline({ instances, cpu = {} }: Observation): readonly Instance[] {
  return instances.filter(inService).filter(({ id, type }) => {
    const baseline = baselineOf(type);
    const load = cpu[id]?.percent;
    return baseline !== undefined && load !== undefined &&
      Math.abs(load - baseline) <= TOLERANCE * baseline;
  });
}
