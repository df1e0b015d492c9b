/**
 * Stores the history that later decisions need: when capacity last changed, since when each instance has been in service, and
 * which alarm changes kas has processed.
 *
 * @module
 */
import type { AlarmChange } from "../../scaling/model/alarm.ts";
import { type ActivityKind, DIRECTION } from "../../scaling/model/activity.ts";
import { inService, type Instance } from "../../scaling/model/instance.ts";
import { type Observation, type ProcessedChange, recent } from "../../scaling/model/observation.ts";
import { Failing, type FailingInstance } from "./instances/failing.ts";
import type { Losses } from "./instances/losses.ts";
import { MAX_TIME, oneOf, orNull, type Row, text, time } from "./sqlite/rows.ts";
import { recentStarts } from "./steps.ts";
import type { Store } from "./store.ts";

/** How long kas takes a failed launch into account, in ms (R7). */
const LAUNCH_FAILURE_MEMORY = 3_600_000;

/** The parts of an instance on which a loss depends. */
type LostInstance = Pick<Instance, "id" | "state" | "zone" | "byOperator" | "detached">;

/** What losses depend on besides the listed instances. */
export interface LossView {
  /** For how long AWS's answers may show an old state, in ms. */
  readonly lag?: number;
  /** When the observation began, in ms since the epoch. */
  readonly began?: number;
  /** Instances that served, and that have been terminated since. */
  readonly ended?: readonly LostInstance[];
}

/** The history in a state folder. */
export class History {
  readonly #store: Store;
  readonly #failing: Failing;
  readonly #losses: Losses;
  /**
   * Since when each instance has been in service, by its id, in ms since the epoch. Null if the last observation showed it
   * out of service.
   */
  readonly #inService: Map<string, number | null>;
  /** When the set of instances in service last changed in an observation, in ms since the epoch. */
  #changed: number | undefined;
  /** When the last observation ended, in ms since the epoch. */
  #observed: number | undefined;

  constructor(store: Store, losses: Losses) {
    this.#store = store;
    this.#losses = losses;
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
    const losses = this.#losses.all();
    const since = [...this.#inService].filter((entry): entry is [string, number] => entry[1] !== null);
    return {
      ...(lastOut === undefined ? {} : { lastOut }),
      ...(lastIn === undefined ? {} : { lastIn }),
      inServiceSince: Object.fromEntries(since.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      ...(this.#changed === undefined ? {} : { capacityChanged: this.#changed }),
      ...(launchesFail === undefined ? {} : { launchesFail }),
      ...(starts.length === 0 ? {} : { starts }),
      ...(losses.length === 0 ? {} : { losses }),
    };
  }

  /** Returns since when an instance has been in service. Undefined if the last observation showed it out of service, or not at all. */
  inServiceSince(id: string): number | undefined {
    return this.#inService.get(id) ?? undefined;
  }

  /** Returns since when an instance has been failing. Undefined if it is not. */
  failing(id: string): FailingInstance | undefined {
    return this.#failing.all.get(id);
  }

  /**
   * Returns when kas last decided to scale in a direction. Decisions whose activity failed count too. The stop of an unhealthy
   * instance does not, because it does not change the capacity.
   */
  #last(direction: "out" | "in"): number | undefined {
    const kinds = (Object.keys(DIRECTION) as ActivityKind[]).filter((kind) => DIRECTION[kind] === direction);
    const last = this.#store.db.prepare(
      `SELECT max(began) AS last FROM activities
       WHERE kind IN (SELECT value FROM json_each(?)) AND unhealthy IS NULL AND began <= ?`,
    ).get(JSON.stringify(kinds), MAX_TIME)?.last;
    return typeof last === "number" ? last : undefined;
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
  noteInService(instances: readonly Instance[], now: number, view: LossView): void {
    const before = (id: string) => this.#inService.has(id) ? this.#inService.get(id) !== null : undefined;
    const served = this.#served();
    this.#failing.note(instances, before, now);
    const doubted = this.#noteLosses(served, instances, now, view);
    const present = new Set(instances.map(({ id }) => id));
    const gone = [...this.#inService.keys()].filter((id) => !present.has(id)).map((id) =>
      [id, null] as const
    );
    const changed = [
      ...instances.map((instance) => [instance.id, this.#since(instance, now)] as const),
      ...gone,
    ]
      .filter(([id, since]) => !doubted.has(id) && this.#inService.get(id) !== since);
    const at = this.#changedAt(changed, now);
    if (changed.length > 0) this.#store.transaction(() => changed.forEach((entry) => this.#write(...entry)));
    // Update the maps after the write. If a full disk prevents the write, the next observation tries again.
    for (const [id, since] of changed) this.#inService.set(id, since);
    this.#changed = at ?? this.#changed;
    this.#observed = now;
  }

  #write(id: string, since: number | null): void {
    this.#store.db.prepare(
      "INSERT INTO in_service (instance, since) VALUES (?, ?) ON CONFLICT (instance) DO UPDATE SET since = excluded.since",
    ).run(id, since);
  }

  /**
   * Records that an activity has put an instance into service. So the fleet can lose the instance before the next observation.
   */
  noteStarted(id: string, now: number): void {
    if ((this.#inService.get(id) ?? null) !== null) return;
    this.#write(id, now);
    this.#failing.end(id);
    this.#inService.set(id, now);
    this.#changed = now;
  }

  /** Returns the ids of the instances that were in service or failing at the last observation. */
  served(): string[] {
    return [...this.#served().keys()];
  }

  /** Returns the instances that were in service or failing at the last observation, and since when. */
  #served(): Map<string, number> {
    const found = new Map<string, number>();
    for (const [id, { since, served }] of this.#failing.all) if (served) found.set(id, since);
    for (const [id, since] of this.#inService) if (since !== null) found.set(id, since);
    return found;
  }

  /**
   * Records which instances the fleet lost since the last observation: they were in service, and neither kas nor an operator took
   * them out of service. An instance that fails is lost only once it is unhealthy ({@linkcode noteUnhealthy}).
   *
   * AWS's answers may show a state from before an instance came into service. So for `lag` ms after that, kas ignores an answer that
   * the instance runs without being in service.
   *
   * @returns the ids of the instances that still count as being in service, because the observation may show an old state
   */
  #noteLosses(
    served: ReadonlyMap<string, number>,
    instances: readonly Instance[],
    now: number,
    { lag = 0, began = now, ended = [] }: LossView,
  ): ReadonlySet<string> {
    const present = new Map<string, LostInstance>(
      [...ended, ...instances].map((instance) => [instance.id, instance]),
    );
    const serving = new Set(instances.filter(inService).map(({ id }) => id));
    const doubted = new Set<string>();
    this.#store.transaction(() => {
      for (const instance of instances) {
        if (inService(instance) && instance.impaired === undefined) this.#losses.end(instance.id);
      }
      for (const [id, since] of served) {
        const instance = present.get(id);
        if (serving.has(id) || (instance !== undefined && this.#failing.all.has(id))) continue;
        const { byOperator = -Infinity, detached = false, zone = "", state } = instance ?? {};
        if (byOperator >= since || detached || this.#takenOut(id, since)) continue;
        const isLate = recent(since, lag, now) || this.#isRegisteredAgain(id, now - lag, now);
        const isOld = (since >= began && since <= now) || (isLate && state === "running");
        if (isOld) doubted.add(id);
        else this.#losses.open(id, zone, now);
      }
      this.#losses.reopen();
      this.#losses.prune(new Set(present.keys()));
    });
    return doubted;
  }

  /** Whether a scale-in of an instance failed between two times, so that kas registered the instance again. */
  #isRegisteredAgain(id: string, from: number, to: number): boolean {
    return this.#store.db.prepare(
      `SELECT 1 FROM activities WHERE instance = ? AND kind IN ('stop', 'terminate')
         AND status = 'failed' AND ended BETWEEN ? AND ?`,
    ).get(id, from, to) !== undefined;
  }

  /** Whether kas took an instance out of service after it came into service. */
  #takenOut(id: string, since: number): boolean {
    const { db } = this.#store;
    return db.prepare(
      `SELECT 1 FROM activities WHERE instance = ?1 AND kind IN ('stop', 'terminate')
         AND (ended IS NULL OR (ended >= ?2 AND status = 'successful'))
       UNION ALL
       SELECT 1 FROM steps WHERE instance = ?1 AND step = 'rolled-back' AND (ended IS NULL OR ended >= ?2)`,
    ).get(id, since) !== undefined;
  }

  /** Records that instances became unhealthy. The fleet does not lose instances that an operator detached for maintenance. */
  noteUnhealthy(instances: readonly Instance[], now: number): void {
    const unhealthy = instances.filter(({ health, detached }) => health === "unhealthy" && !detached);
    if (unhealthy.length === 0) return;
    this.#store.transaction(() => {
      for (const { id, zone } of unhealthy) this.#losses.open(id, zone, now);
    });
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
