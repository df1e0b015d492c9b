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
    // Rounded down to a tenth of a second: the reason must not say that the whole cooldown has passed.
    const ago = Math.floor(Math.min(...since.map((at = now) => Math.abs(now - at))) / 100) * 100;
    const left = seconds(span - ago);
    return hold(
      `The last scaling was ${seconds(ago)} ago. ` +
        (repeats
          ? `A reconcile waits ${seconds(span)} (resync) after it, for another ${left}.`
          : `The cooldown-${direction} of ${seconds(span)} ends in ${left}.`),
    );
  },
};
