/**
 * Policies without kas's checks: they name a capacity, and the simulated fleet takes it at once.
 *
 * @module
 */
import type { LoadPoint } from "../../model/load/view.ts";
import type { SimulatedFleet } from "../fleet.ts";
import type { Policy } from "../play.ts";

/**
 * Brings the fleet to a capacity. It takes draining instances back first, and then starts the instance that has been stopped longest.
 * It stops the newest nodes in service. It never stops the base instance.
 */
export function steer(fleet: SimulatedFleet, capacity: number): void {
  const missing = capacity - fleet.current;
  if (missing > 0) {
    const back = fleet.in("draining").slice(0, missing);
    for (const { id } of back) fleet.registerAgain(id);
    const standby = fleet.in("stopped").toSorted((a, b) => a.stopped - b.stopped);
    for (const { id } of standby.slice(0, missing - back.length)) fleet.start(id);
  } else if (missing < 0) {
    const nodes = fleet.in("in-service").filter(({ base }) => !base).toSorted((a, b) =>
      b.started - a.started
    );
    for (const { id } of nodes.slice(0, -missing)) fleet.stop(id, "drained");
  }
}

/**
 * A policy that names a capacity for each point of the load: for each scraped period of 10 s, or without scrapes for each period of
 * CloudWatch. Undefined means as now.
 */
export function steered(
  make: (fleet: SimulatedFleet) => (point: LoadPoint) => number | undefined,
): Policy {
  return (fleet) => {
    const want = make(fleet);
    const isScraped = fleet.world.scrapeDelay !== undefined;
    let wanted: number | undefined;
    return (arrived) => {
      if (arrived === undefined) return;
      const point = (isScraped ? arrived.short : arrived.cloudwatch)?.load;
      if (point !== undefined) wanted = want(point);
      if (wanted !== undefined) steer(fleet, wanted);
    };
  };
}
