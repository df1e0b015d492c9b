/**
 * When kas quarantines an instance (R18): after several failures in a row that the instance itself caused. kas never
 * quarantines a large part of the fleet at once.
 *
 * @module
 */
import { exists, type Instance } from "../model/instance.ts";
import { type Observation, recent } from "../model/observation.ts";
import { isFailure, isOwn, type StartEvent } from "../model/start_event.ts";

// kas quarantines an instance after this number of failures in a row within this time, in ms.
const FAILURES = 3;
const WITHIN = 3_600_000;

/** kas limits the number of quarantines that began within this time, in ms. */
const NEW_FOR = 3_600_000;

/** The part of an observation that determines whether kas quarantines an instance. */
export type QuarantineView = Pick<Observation, "now"> & {
  readonly instances: readonly Pick<Instance, "role" | "state">[];
  readonly history: Pick<Observation["history"], "starts">;
};

/**
 * Whether kas quarantines an instance. `capped`: kas does not, because it has already quarantined too many instances within
 * an hour.
 */
export type QuarantineVerdict = "no" | "yes" | "capped";

/** Returns whether kas quarantines an instance because of its failures in a row. */
export function judgeQuarantine(id: string, view: QuarantineView): QuarantineVerdict {
  const { now, history: { starts = [] } } = view;
  const own = ownFailures(id, starts).filter((at) => recent(at, WITHIN, now));
  if (own.length < FAILURES) return "no";
  return recentQuarantines(view).length < mostQuarantines(view) ? "yes" : "capped";
}

/** Returns how many instances kas may quarantine within an hour: a third of the nodes, but at least one. */
export function mostQuarantines({ instances }: Pick<QuarantineView, "instances">): number {
  const nodes = instances.filter((instance) => instance.role === "node" && exists(instance)).length;
  return Math.max(1, Math.floor(nodes / 3));
}

/**
 * Returns the times of the failures that an instance itself caused since it was last in service or quarantined, in ms since
 * the epoch.
 */
function ownFailures(id: string, starts: readonly StartEvent[]): readonly number[] {
  let row: number[] = [];
  for (const event of starts) {
    if (event.instance !== id) continue;
    if (!isFailure(event)) {
      if (event.what === "in-service") row = [];
    } else if (event.quarantined) row = [];
    else if (isOwn(event.what)) row.push(event.at);
  }
  return row;
}

/** What determines when a quarantine ends. Times are in ms since the epoch. */
export interface QuarantineTerms {
  readonly now: number;
  /** When kas first saw the quarantine. It counts only if the tag does not say when the quarantine ends. */
  readonly firstSeen: number;
  /** How long a quarantine lasts from when kas first saw it, in ms. */
  readonly lasts: number;
}

/** Returns the instance with the end of its quarantine. If the quarantine has ended, returns the instance without it. */
export function withQuarantineEnd<T extends Pick<Instance, "quarantine" | "quarantineUntil">>(
  instance: T,
  { now, firstSeen, lasts }: QuarantineTerms,
): T {
  if (instance.quarantine === undefined) return instance;
  const { quarantineUntil = firstSeen + lasts } = instance;
  if (now < quarantineUntil) return { ...instance, quarantineUntil };
  const { quarantine: _, quarantineUntil: __, ...free } = instance;
  return free as T;
}

/** Returns the ids of the instances that kas quarantined within an hour. */
export function recentQuarantines(
  { now, history: { starts = [] } }: Pick<QuarantineView, "now" | "history">,
): readonly string[] {
  return starts.filter((event) => isFailure(event) && event.quarantined && recent(event.at, NEW_FOR, now))
    .map(({ instance }) => instance);
}
