/**
 * The adaptive policy. It recommends the capacity of the rule that the learner follows.
 *
 * @module
 */
import type { AdaptiveSpec } from "../../model/load/policy.ts";
import { type Observation, recent } from "../../model/observation.ts";
import type { LoadAnswer } from "../../model/recommendation.ts";
import { count, seconds, sentences } from "../../words.ts";
import { panicOf } from "../panic.ts";
import { describe } from "./describe.ts";

/** A view whose last period ended longer ago than this says nothing about the present load, in ms. */
const MOST_AGE = 600_000;

/**
 * Returns what the adaptive policy recommends. Without a current view it recommends the capacity as now.
 *
 * @param asNow the present capacity plus the number of lost instances
 */
export function adaptivePolicy(
  { utilization, risk }: AdaptiveSpec,
  { adaptive: view, load, now }: Pick<Observation, "adaptive" | "load" | "now">,
  asNow: number,
): LoadAnswer {
  const answer = (capacity: number, ...reasons: string[]): LoadAnswer => (
    { policy: "adaptive", capacity, reason: sentences(...reasons, load?.why ?? "") }
  );
  if (view === undefined) return answer(asNow, "kas has not measured the load yet.");
  if (!recent(view.at, MOST_AGE, now)) {
    const ago = seconds(Math.abs(now - view.at));
    return answer(asNow, `kas last measured the load ${ago} ago: it keeps ${count(asNow, "instance")}.`);
  }
  const reason = describe(view, utilization, risk);
  const panic = panicOf(load?.short ?? []);
  return panic !== undefined && panic.capacity > view.chosen.capacity
    ? answer(panic.capacity, panic.reason, reason)
    : answer(view.chosen.capacity, reason);
}
