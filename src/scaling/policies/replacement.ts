/**
 * R21: which unhealthy nodes kas stops. Another instance comes into service first, in the place of the unhealthy one.
 *
 * @module
 */
import { capacityOf, instancesAt } from "../model/capacity.ts";
import type { Instance } from "../model/instance.ts";
import type { Observation } from "../model/observation.ts";
import type { ReplacementRecommendation } from "../model/recommendation.ts";
import { whyNotStoppable } from "../selection/eligibility.ts";
import { ascending, byId } from "../selection/order.ts";
import type { SelectionQuestion } from "../selection/question.ts";
import { seconds, sentences } from "../words.ts";

/**
 * Returns the stops of unhealthy nodes that are due, the node that has been failing longest first. kas stops a node when another
 * instance serves in its place, or when the fleet can do without it. If no other node can start, kas stops the node and starts it
 * again. While no instance is in service, kas stops one node at a time.
 *
 * @param wanted the capacity that the fleet wants
 * @param isAlone whether the fleet has no other node that could start, now or after a pause
 */
export function stopsOfUnhealthy(
  { observation, index }: Pick<SelectionQuestion, "observation" | "index">,
  wanted: number,
  isAlone: boolean,
): ReplacementRecommendation[] {
  const nodes = instancesAt("unhealthy", observation)
    .filter((instance) => whyNotStoppable(instance, index.activity(instance.id)) === undefined)
    .toSorted((a, b) => ascending(a.failingSince, b.failingSince) || byId(a, b));
  if (nodes.length === 0) return [];
  const { inService, joining } = capacityOf(observation);
  const isStopping = observation.inProgress.some(({ unhealthy }) => unhealthy);
  const most = inService > 0 ? nodes.length : isStopping ? 0 : 1;
  // Base instances and protected nodes may be unhealthy too, and need replacements. So kas compares the number of instances in service
  // with the whole capacity that the fleet wants.
  const missing = Math.max(0, wanted - inService);
  const replaced = Math.max(0, nodes.length - missing);
  return replaced === 0 && joining === 0 && isAlone
    ? nodes.slice(0, most).map((node) => stopOf(node, observation, AGAIN))
    : nodes.slice(0, Math.min(replaced, most)).map((node) => stopOf(node, observation, ""));
}

/** A sentence for the reason of the stop, if kas then starts the node again. */
const AGAIN = "No other node can start, so kas starts it again.";

function stopOf(
  { id, failingSince, impaired }: Instance,
  { now }: Observation,
  then: string,
): ReplacementRecommendation {
  const since = failingSince === undefined ? "" : ` for ${seconds(Math.abs(now - failingSince))}`;
  const why = impaired === undefined
    ? `${id} has failed its health check${since}.`
    : `${id} has been failing${since}: ${impaired}.`;
  return { policy: "unhealthy", direction: "in", count: 1, instance: id, reason: sentences(why, then) };
}
