/**
 * R4: kas does not scale in while an alarm asks for more.
 *
 * @module
 */
import type { Alarm } from "../model/alarm.ts";
import { whyNoSign } from "./warmup.ts";
import { type Check, type CheckContext, hold, pass } from "./check.ts";

/** R4: no `reqcount` alarm, and no `cpuhigh` alarm that shows the load of an instance of the fleet, is in ALARM. */
export const outBeatsIn: Check<CheckContext> = {
  name: "out-beats-in",
  asks: "no alarm asks for more",
  check: ({ observation, index }) => {
    const { fleet, alarms } = observation;
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
