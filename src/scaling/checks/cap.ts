/**
 * R21: the check `cap`. kas stops only a part of the nodes at once because they are unhealthy. If a health check is wrong, or a new
 * version of the service fails, most of the fleet keeps running.
 *
 * @module
 */
import { mostQuarantines, recentQuarantines } from "../faults/quarantine.ts";
import type { Observation } from "../model/observation.ts";
import { count } from "../words.ts";
import { type Check, hold, type InContext, pass } from "./check.ts";

/** R21: passes if kas is stopping few unhealthy nodes, and has quarantined few nodes within an hour. */
export const cap: Check<InContext> = {
  name: "cap",
  condition: "kas is stopping few unhealthy nodes",
  check: ({ observation }) => {
    const { busy, most } = stopsOf(observation);
    if (busy < most) return pass();
    return hold(
      `kas is stopping or has quarantined ${
        count(busy, "unhealthy node")
      } within an hour; the limit is ${most}, a third of the nodes.`,
    );
  },
};

/**
 * Returns the number of nodes that kas is stopping because they are unhealthy or has quarantined within an hour, and the largest
 * number that the check allows: a third of the nodes, but at least one.
 */
export function stopsOf(
  observation: Pick<Observation, "now" | "instances" | "inProgress" | "history">,
): { readonly busy: number; readonly most: number } {
  const stopping = observation.inProgress.filter(({ unhealthy }) => unhealthy).map(({ instance }) =>
    instance
  );
  const busy = new Set([...stopping, ...recentQuarantines(observation)]).size;
  return { busy, most: mostQuarantines(observation) };
}
