/**
 * Stores the history that later decisions need: when capacity last changed, since when each instance has been in service, and
 * which alarm changes kas has processed.
 *
 * @module
 */
import type { AlarmChange } from "../../scaling/model/alarm.ts";
import { type ActivityKind, DIRECTION } from "../../scaling/model/activity.ts";
import { inService, type Instance } from "../../scaling/model/instance.ts";
import type { Observation, ProcessedChange } from "../../scaling/model/observation.ts";
import { Failing } from "./instances/failing.ts";
import { MAX_TIME, oneOf, orNull, type Row, text, time } from "./sqlite/rows.ts";
import { recentStarts } from "./steps.ts";
import type { Store } from "./store.ts";

/** How long kas takes a failed launch into account, in ms (R7). */
const LAUNCH_FAILURE_MEMORY = 3_600_000;

/** The history in a state folder. */
export class History {
  readonly #store: Store;
  readonly #failing: Failing;
  /**
   * Since when each instance has been in service, by its id, in ms since the epoch. Null if the last observation showed it
   * out of service.
   */
  readonly #inService: Map<string, number | null>;
  /** When the set of instances in service last changed in an observation, in ms since the epoch. */
  #changed: number | undefined;
  /** When the last observation ended, in ms since the epoch. */
  #observed: number | undefined;

  constructor(store: Store) {
    this.#store = store;
    const rows = store.db.prepare("SELECT instance, since FROM in_service").all();
    this.#failing = new Failing(store);
    this.#inService = new Map(
      store.db.readAll(
        rows,
        ({ instance }) => `in_service ${instance}`,
        (row) => [text(row, "instance"), orNull(row, "since", time)],
      ),
    );
  }

  /** Returns the history that the rules R5 and R7 use. */
  read(now: number): Observation["history"] {
    const lastOut = this.#last("out");
    const lastIn = this.#last("in");
    const launchesFail = this.#launchesFail(now);
    const starts = recentStarts(this.#store.db, now);
    const since = [...this.#inService].filter((entry): entry is [string, number] => entry[1] !== null);
    return {
      ...(lastOut === undefined ? {} : { lastOut }),
      ...(lastIn === undefined ? {} : { lastIn }),
      inServiceSince: Object.fromEntries(since.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      ...(this.#changed === undefined ? {} : { capacityChanged: this.#changed }),
      ...(launchesFail === undefined ? {} : { launchesFail }),
      ...(starts.length === 0 ? {} : { starts }),
    };
  }

  /** Since when instances are registered without being healthy, by the instance's id, in ms since the epoch. */
  get failingSince(): ReadonlyMap<string, number> {
    return this.#failing.since;
  }

  /** Returns when kas last decided to scale in a direction. Decisions whose activity failed count too. */
  #last(direction: "out" | "in"): number | undefined {
    const kinds = (Object.keys(DIRECTION) as ActivityKind[]).filter((kind) => DIRECTION[kind] === direction);
    const times = kinds.map((kind) =>
      this.#store.db.prepare("SELECT max(time) AS time FROM decisions WHERE kind = ? AND time <= ?").get(
        kind,
        MAX_TIME,
      )?.time
    ).filter((time) => typeof time === "number");
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** Returns when the first and the last launch failed since the last successful launch. Considers only the last hour. */
  #launchesFail(now: number): Observation["history"]["launchesFail"] {
    const { since, last } = this.#store.db.prepare(
      `SELECT min(ended) AS since, max(ended) AS last FROM activities
       WHERE kind = 'launch' AND status = 'failed' AND ended > ? AND ended <= ?
         AND id > coalesce((SELECT max(id) FROM activities WHERE kind = 'launch' AND status = 'successful'), 0)`,
    ).get(now - LAUNCH_FAILURE_MEMORY, MAX_TIME) ?? {};
    return typeof since === "number" && typeof last === "number" ? { since, last } : undefined;
  }

  /**
   * Records which instances are in service, and which fail their health checks. If the first observation of an instance
   * shows it in service, its time in service begins at its launch time.
   */
  noteInService(instances: readonly Instance[], now: number): void {
    this.#failing.note(instances, (id) => !this.#inService.has(id), now);
    const changed = instances.map((instance) => [instance.id, this.#since(instance, now)] as const)
      .filter(([id, since]) => this.#inService.get(id) !== since);
    const at = this.#changedAt(changed, now);
    if (changed.length > 0) {
      this.#store.transaction(() => {
        for (const entry of changed) {
          this.#store.db.prepare(
            "INSERT INTO in_service (instance, since) VALUES (?, ?) ON CONFLICT (instance) DO UPDATE SET since = excluded.since",
          ).run(...entry);
        }
      });
    }
    // Update the maps after the write. If a full disk prevents the write, the next observation tries again.
    for (const [id, since] of changed) this.#inService.set(id, since);
    this.#changed = at ?? this.#changed;
    this.#observed = now;
  }

  /** Returns when the last of the instances came into service or left service. Undefined for the first observation of a fleet. */
  #changedAt(
    changed: readonly (readonly [id: string, since: number | null])[],
    now: number,
  ): number | undefined {
    if (this.#inService.size === 0) return undefined;
    const times = changed
      .filter(([id, since]) => (since !== null) !== ((this.#inService.get(id) ?? null) !== null))
      .map(([id]) => this.#activityEnded(id, now) ?? now);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** Returns since when an instance has been in service. Null if it is not in service. */
  #since(instance: Instance, now: number): number | null {
    if (!inService(instance)) return null;
    const before = this.#inService.get(instance.id);
    if (before === undefined) return Math.min(instance.launched ?? now, now);
    return before ?? this.#activityEnded(instance.id, now) ?? now;
  }

  /** Returns when the last activity at an instance succeeded. Undefined if that was not after the last observation. */
  #activityEnded(id: string, now: number): number | undefined {
    if (this.#observed === undefined) return undefined;
    const ended = this.#store.db.prepare(
      "SELECT max(ended) AS ended FROM activities WHERE instance = ? AND status = 'successful' AND ended BETWEEN ? AND ?",
    ).get(id, this.#observed, now)?.ended;
    return typeof ended === "number" ? ended : undefined;
  }

  /**
   * Returns the newest processed change of an alarm (R11). Undefined if its row is damaged: the next change then counts as
   * new.
   */
  newestChange(alarm: string): ProcessedChange | undefined {
    const rows = this.#store.db.prepare("SELECT changed, trigger_kind FROM newest_changes WHERE alarm = ?")
      .all(alarm);
    const [newest] = this.#store.db.readAll(rows, () => `newest_changes ${alarm}`, toProcessed);
    return newest;
  }

  /** Records that an evaluation has processed a change of an alarm. */
  noteProcessed(alarm: string, { at }: AlarmChange, by: ProcessedChange["by"]): void {
    this.#store.db.prepare(
      `INSERT INTO newest_changes (alarm, changed, trigger_kind) VALUES (?, ?, ?)
       ON CONFLICT (alarm) DO UPDATE SET changed = excluded.changed, trigger_kind = excluded.trigger_kind
       WHERE excluded.changed > newest_changes.changed OR newest_changes.changed > ?`,
    ).run(alarm, at, by, MAX_TIME);
  }
}

function toProcessed(row: Row): ProcessedChange {
  return { at: time(row, "changed"), by: oneOf(row, "trigger_kind", ["notification", "reconcile"]) };
}
