/**
 * The summary of a fleet in `GET /status` of an autoscaler with several fleets.
 *
 * @module
 */
import { isoTime } from "../../cli/format.ts";
import { capacityOf } from "../../scaling/model/capacity.ts";
import { capacityStates, type Snapshot } from "./snapshot.ts";
import { pausedJson } from "./status.ts";

/** A fleet in a summary. */
export type SummarizedFleet =
  | { readonly fleet: string; readonly snapshot: Snapshot }
  /** `problem`: why the fleet does not run. */
  | { readonly fleet: string; readonly problem: string };

/** Returns the summary of a fleet. `GET /status?fleet=NAME` returns the whole status. */
export function summaryOf(summarized: SummarizedFleet): object {
  const { fleet } = summarized;
  if ("problem" in summarized) return { fleet, running: false, problem: summarized.problem };
  const { snapshot } = summarized;
  const { observation, lastObservation, inProgress, paused, alerts, waiting } = snapshot;
  return {
    fleet,
    running: true,
    observed: observation === undefined ? null : isoTime(observation.now),
    error: lastObservation?.error ?? null,
    inService: observation === undefined ? null : capacityOf(observation).inService,
    capacity: capacityStates(snapshot),
    alerts: alerts.map(({ name, reason, since }) => ({ name, reason, since: isoTime(since) })),
    paused: pausedJson(paused),
    activities: inProgress.length,
    waiting,
  };
}
