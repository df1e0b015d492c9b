/**
 * R21: the check `cap`. kas stops only a part of the nodes at once because they are unhealthy. If a health check is wrong, or a new
 * version of the service fails, most of the fleet keeps running.
 *
 * @module
 */
import { mostQuarantines, recentQuarantines } from "../faults/quarantine.ts";
import { count } from "../words.ts";
import { type Check, hold, type InContext, pass } from "./check.ts";

/** R21: passes if few unhealthy nodes are being stopped, or were quarantined within an hour. */
export const cap: Check<InContext> = {
  name: "cap",
  condition: "few nodes are stopped",
  check: ({ observation }) => {
    const stopping = observation.inProgress.filter(({ unhealthy }) => unhealthy).map(({ instance }) =>
      instance
    );
    const quarantined = recentQuarantines(observation);
    const busy = new Set([...stopping, ...quarantined]).size;
    const most = mostQuarantines(observation);
    if (busy < most) return pass();
    return hold(
      `kas is stopping, or has quarantined within an hour, ${
        count(busy, "unhealthy node")
      }: the most at once is ${most}, a third of the nodes.`,
    );
  },
};
