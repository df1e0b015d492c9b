/**
 * R4: the check `out-beats-in`. kas does not scale in while an alarm recommends more capacity.
 *
 * @module
 */
import type { Alarm } from "../model/alarm.ts";
import { policyOf } from "../model/load/policy.ts";
import { whyNoSign } from "./warmup.ts";
import { type Check, type CheckContext, hold, pass } from "./check.ts";

/**
 * R4: holds the scale-in back while a `reqcount` alarm is in ALARM, or a `cpuhigh` alarm of an instance of the fleet that says
 * something about the fleet's load.
 */
export const outBeatsIn: Check<CheckContext> = {
  name: "out-beats-in",
  condition: "no alarm asks for more",
  check: ({ observation, index }) => {
    const { fleet, alarms, limits } = observation;
    if (policyOf(limits, "alarms") === undefined) return pass();
    const asksForMore = (alarm: Alarm) =>
      alarm.state === "ALARM" && alarm.fleet === fleet &&
      (alarm.kind === "reqcount" ||
        (alarm.kind === "cpuhigh" && index.instance(alarm.dimension) !== undefined &&
          whyNoSign(alarm, observation, index) === undefined));
    const high = alarms.filter(asksForMore).map(({ kind, dimension }) => `${kind} on ${dimension}`);
    if (high.length === 0) return pass();
    const which = high.length > 1 ? `${high[0]} and ${high.length - 1} more are` : `${high[0]} is`;
    return hold(`${which} in ALARM: scaling out has priority.`);
  },
};
