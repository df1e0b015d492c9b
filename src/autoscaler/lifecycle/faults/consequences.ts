/**
 * What follows from a failure of an instance (R18): whether kas quarantines it, and which starts pause.
 *
 * @module
 */
import { describeError } from "../../../aws/error_messages.ts";
import { type Ec2Instance, sharedFleet } from "../../../aws/ec2/instances.ts";
import { type Pause, pausesOf } from "../../../scaling/faults/pauses.ts";
import { judgeQuarantine, mostQuarantines } from "../../../scaling/faults/quarantine.ts";
import { type Fault, isOwn } from "../../../scaling/model/start_event.ts";
import type { ActivityContext } from "../activity_context.ts";

/** Observes the fleet after a failure. Returns undefined if AWS does not answer. */
export async function observeFleet(
  { environment: { aws, fleet }, log, id, signal }: ActivityContext,
): Promise<readonly Ec2Instance[] | undefined> {
  try {
    return await sharedFleet(aws, fleet, signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn("could not observe the fleet after a failure", {
      instance: id,
      reason: describeError(error).message,
    });
    return undefined;
  }
}

/** What follows from a failure. */
export interface Consequences {
  /** Whether kas quarantines the instance. */
  readonly quarantine: boolean;
  /** Returns the pause of an instance's start. Undefined if kas may start the instance. */
  readonly pauseOf: (id: string) => Pause | undefined;
}

/** Returns what follows from a failure. Without an observation of the fleet, kas does not quarantine the instance. */
export function judge(
  { journal, log, id }: ActivityContext,
  fault: Fault | undefined,
  reason: string,
  now: number,
  instances: readonly Ec2Instance[] | undefined,
): Consequences {
  if (fault === undefined || instances === undefined) return { quarantine: false, pauseOf: () => undefined };
  const failure = { what: fault, at: now, instance: id, reason };
  const view = { now, instances, history: { starts: [...journal.starts(now), failure] } };
  const pauses = pausesOf(view);
  const places = new Map(instances.map((instance) => [instance.id, instance]));
  const verdict = isOwn(fault) ? judgeQuarantine(id, view) : "no";
  if (verdict === "capped") {
    const most = mostQuarantines(view);
    log.error("instance not quarantined, because kas quarantined too many others within an hour", {
      instance: id,
      reason,
      most,
    });
  }
  return {
    quarantine: verdict === "yes",
    pauseOf: (other) => {
      const place = places.get(other);
      return place && pauses.of(place);
    },
  };
}
