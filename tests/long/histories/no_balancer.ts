/**
 * Histories of fleets without a load balancer, whose services take jobs from a queue (R23).
 *
 * @module
 */
import { parseHealthCheck } from "../../../src/health/spec.ts";
import type { Event, History } from "./events.ts";

/** The autoscaler notices the end of a status check of EC2 later than the registration with a load balancer. */
const START_TIMEOUT = 300_000;

/**
 * Returns a history with the same fleet and events, but without a load balancer. Leaves out events that need one. Leaves out services that
 * fail: the lab knows at once that a service fails, and the autoscaler only after some checks.
 */
export function withoutBalancer({ plan, events }: History): History {
  return {
    plan: {
      ...plan,
      balancer: "none",
      reqcount: false,
      startTimeout: START_TIMEOUT,
      ...(plan.seed % 2 === 0 ? {} : { healthCheck: parseHealthCheck("http:30000/ping") }),
    },
    events: events.filter(isPossible),
  };
}

function isPossible(event: Event): boolean {
  switch (event.what) {
    case "work":
    case "death":
      return false;
    case "meddle":
      return event.how !== "register" && event.how !== "deregister";
    case "fault":
      return event.kind !== "unhealthy" && event.kind !== "broken-worker";
    default:
      return true;
  }
}
