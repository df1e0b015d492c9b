/**
 * R5, R2: the check `cooldown`. It passes if enough time has passed since kas last scaled out or in. For a reconcile, this time
 * is at least one interval of `--resync`, except for policies that recommend a capacity. If the action restores the minimum or replaces a lost instance, or if an operator asked for it,
 * the check always passes.
 *
 * @module
 */
import { recent } from "../model/observation.ts";
import { recommendsCapacity } from "../model/recommendation.ts";
import { isWhole } from "../model/trigger.ts";
import { seconds } from "../words.ts";
import { type Check, type CheckContext, hold, pass } from "./check.ts";

/** R5, R2: the check `cooldown` for scaling out and scaling in. */
export const cooldown: Check<CheckContext> = {
  name: "cooldown",
  condition: "cooldown has passed",
  check: ({ trigger, recommendation: { policy, direction }, observation: { limits, history, now } }) => {
    const restores = direction === "out" && (policy === "minimum" || policy === "replacement");
    if (restores || policy === "operator") return pass();
    const own = direction === "out" ? limits.cooldownOut : limits.cooldownIn;
    const repeats = isWhole(trigger) && !recommendsCapacity({ policy }) && limits.resync > own;
    const span = repeats ? limits.resync : own;
    const since = [history.lastOut, history.lastIn].filter((at) => recent(at, span, now));
    if (since.length === 0) return pass();
    const ago = seconds(Math.min(...since.map((at = now) => Math.abs(now - at))));
    return hold(
      repeats
        ? `The last scaling was ${ago} ago; a reconcile waits ${seconds(span)} (resync) after it.`
        : `The last scaling was ${ago} ago; cooldown-${direction} is ${seconds(span)}.`,
    );
  },
};
