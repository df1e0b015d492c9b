/**
 * The journal: each decision with the signal and the facts it was made from (R15, R16), each activity with its steps, as
 * they were before and after each was taken (R13, R17), and what later decisions need to know of earlier ones.
 *
 * Kept bounded: records older than 90 days go, and beyond 256 MiB the oldest go first.
 *
 * @module
 */
import type { AlarmChange, Recommendation } from "../../scaling/model/alarm.ts";
import { type Decision, RULES } from "../../scaling/decide.ts";
import type { ActivityInProgress, Observation } from "../../scaling/model/observation.ts";
import {
  type ActivityKind as Kind,
  DIRECTION,
  inService,
  type Instance,
} from "../../scaling/model/instance.ts";
import { type JournalLine, readLine, readLines } from "./lines.ts";
import { prune } from "./prune.ts";
import {
  type Activity,
  ACTIVITY_COLUMNS,
  type ActivityStatus,
  type Cause,
  type DecisionQuery,
  type DecisionRecord,
  pack,
  type PlacedActivity,
  readRecord,
  readRules,
  readSteps,
  type Row,
  type Step,
  toActivity,
} from "./record.ts";
import type { Store } from "./store.ts";
import type { StepName } from "./steps.ts";
import { activitiesInProgress, readLeaving, readUnfinished } from "./in_progress.ts";
import { VERSION } from "../../version.ts";

export type { JournalLine } from "./lines.ts";
export type {
  Activity,
  ActivityStatus,
  Cause,
  DecisionQuery,
  DecisionRecord,
  PlacedActivity,
  Step,
} from "./record.ts";

/** A decision to record. */
export interface NewDecision {
  readonly recommendation: Recommendation;
  readonly observation: Observation;
  readonly decision: Decision;
  /** The message that asked. */
  readonly message?: { readonly id: string; readonly received: number };
  /** Record it, but nothing will be done. */
  readonly dryRun: boolean;
}

/** How a step is taken. `cause` is of one that sets right what went wrong. */
export interface StepRun<T> {
  /** ms since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly cause?: Cause | undefined;
  readonly take: () => Promise<T>;
}

/** How long a launch that failed bears on the next one, ms. */
const FAILED_LATELY = 3_600_000;

/** How large the database may grow before the oldest records go, bytes. */
const LARGEST = 256 * 2 ** 20;

/** The journal in a state folder. */
export class Journal {
  readonly #state: Store;
  readonly #largest: number;
  /** In service since, by instance; null for one that was seen out of service. */
  readonly #inService: Map<string, number | null>;

  /** @param largest how large the database may grow before the oldest records go, bytes */
  constructor(state: Store, largest = LARGEST) {
    this.#state = state;
    this.#largest = largest;
    this.#inService = new Map(
      this.#all("SELECT instance, since FROM in_service").map((
        row,
      ) => [String(row.instance), row.since as number | null]),
    );
  }

  /** Records a decision (R15, R16) and, if there is something to carry out, the activity that will. */
  record(
    { recommendation, observation, decision, message, dryRun }: NewDecision,
  ): Activity | undefined {
    const now = observation.now;
    const { lastInsertRowid: id } = this.#run(
      `INSERT INTO decisions
         (time, source, message, notified, kind, instance, reason, repeats, kas, rules, signal, decision, facts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      now,
      recommendation.source,
      message?.id ?? null,
      message?.received ?? null,
      decision.kind,
      "instance" in decision ? decision.instance : null,
      decision.reason,
      this.#firstOfRun(recommendation, decision),
      VERSION,
      RULES,
      JSON.stringify(recommendation),
      JSON.stringify(decision),
      pack(JSON.stringify(observation)),
    );
    if (decision.kind === "none") return undefined;
    const remaining = decision.kind === "start"
      ? decision.candidates.filter((id) => id !== decision.instance)
      : [];
    const state: ActivityStatus = dryRun ? "dry-run" : "in-progress";
    const row = this.#get(
      `INSERT INTO activities (decision, kind, instance, remaining, began, ended, state, reason)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING ${ACTIVITY_COLUMNS}`,
      Number(id),
      decision.kind,
      "instance" in decision ? decision.instance : null,
      JSON.stringify(remaining),
      now,
      dryRun ? now : null,
      state,
      decision.reason,
    );
    return row === undefined || dryRun ? undefined : toActivity(row);
  }

  /** The first of the resyncs in a row that came to the same "none", to the word; null where this one begins a run. */
  #firstOfRun({ source }: Recommendation, { kind, reason }: Decision): number | null {
    if (kind !== "none" || source !== "resync") return null;
    const last = this.#get(
      "SELECT id, repeats, kind, source, reason FROM decisions ORDER BY id DESC LIMIT 1",
    );
    return last?.kind === kind && last.source === source && last.reason === reason
      ? Number(last.repeats ?? last.id)
      : null;
  }

  /**
   * Takes a step of an activity, on record before it is taken and after it. A step that is aborted stays open, and one that
   * is open is gone on with.
   */
  async step<T>(activity: number, instance: string, step: StepName, taking: StepRun<T>): Promise<T> {
    const { id, result } = await this.#take(activity, instance, step, taking);
    this.#run("UPDATE steps SET ended = ? WHERE id = ?", taking.now(), id);
    return result;
  }

  /** Takes the step that launches an activity's instance; that it is the activity's is on record with the step's end. */
  async launch<T extends { readonly id: string }>(activity: Activity, taking: StepRun<T>): Promise<T> {
    const { id, result } = await this.#take(activity.id, null, "launched", taking);
    this.#state.transaction(() => {
      this.#run("UPDATE steps SET ended = ?, instance = ? WHERE id = ?", taking.now(), result.id, id);
      this.#run("UPDATE activities SET instance = ? WHERE id = ?", result.id, activity.id);
    });
    return result;
  }

  async #take<T>(
    activity: number,
    instance: string | null,
    step: StepName,
    { now, signal, cause, take }: StepRun<T>,
  ): Promise<{ readonly id: number; readonly result: T }> {
    const id = this.#state.transaction(() => this.#begin(activity, instance, step, now(), cause));
    // It is on its way to the disk while the call is made up; the call waits for it, and fails where it does not get there.
    this.#state.synced().catch(() => {});
    try {
      return { id, result: await take() };
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      if (!signal.aborted) {
        this.#run("UPDATE steps SET ended = ?, failure = ? WHERE id = ?", now(), failure, id);
      }
      throw error;
    }
  }

  #begin(activity: number, instance: string | null, step: StepName, now: number, cause?: Cause): number {
    const open = this.#get(
      "SELECT id FROM steps WHERE activity = ? AND instance IS ? AND step = ? AND ended IS NULL",
      activity,
      instance,
      step,
    );
    if (open !== undefined) return Number(open.id);
    const { lastInsertRowid } = this.#run(
      "INSERT INTO steps (activity, instance, step, began, cause, blame) VALUES (?, ?, ?, ?, ?, ?)",
      activity,
      instance,
      step,
      now,
      cause?.reason ?? null,
      cause === undefined ? null : Number(cause.blame),
    );
    return Number(lastInsertRowid);
  }

  /** Notes a step that nobody had to take, but that came to pass. */
  noteStep(
    activity: number,
    { step, instance, began, ended }: Required<Omit<Step, "failure" | "cause">>,
  ): void {
    this.#run(
      "INSERT INTO steps (activity, instance, step, began, ended) VALUES (?, ?, ?, ?, ?)",
      activity,
      instance,
      step,
      began,
      ended,
    );
  }

  /** Turns an activity to another of its candidates; undefined when there is none that no other activity is at (R7). */
  nextCandidate(activity: Activity): PlacedActivity | undefined {
    return this.#state.transaction(() => this.#turn(activity));
  }

  /**
   * Gives up the candidate that an activity is at, whose undoing is on record from here on, and turns to the next, all at
   * once: after a crash either nothing of it has happened, or all.
   *
   * @param undo whether there is anything to undo
   */
  dropCandidate(
    activity: PlacedActivity,
    cause: Cause,
    undo: boolean,
    now: number,
  ): PlacedActivity | undefined {
    return this.#state.transaction(() => {
      const id = this.#begin(activity.id, activity.instance, "rolled-back", now, cause);
      if (!undo) this.#run("UPDATE steps SET ended = ? WHERE id = ?", now, id);
      return this.#turn(activity);
    });
  }

  #turn(activity: Activity): PlacedActivity | undefined {
    const taken = new Set(this.inProgress().map(({ instance }) => instance));
    const [instance, ...remaining] = activity.remaining.filter((id) => !taken.has(id));
    if (instance === undefined) return undefined;
    this.#run(
      "UPDATE activities SET instance = ?, remaining = ? WHERE id = ?",
      instance,
      JSON.stringify(remaining),
      activity.id,
    );
    return { ...activity, instance, remaining };
  }

  /** Ends an activity. */
  end({ id }: Activity, state: ActivityStatus, reason: string, now: number): Activity {
    const row = this.#get(
      `UPDATE activities SET ended = ?, state = ?, reason = ? WHERE id = ? RETURNING ${ACTIVITY_COLUMNS}`,
      now,
      state,
      reason,
      id,
    );
    if (row === undefined) throw new RangeError(`Cannot end activity ${id}: it is not in the journal`);
    return toActivity(row);
  }

  /** The activities under way, oldest first. */
  unfinished(): Activity[] {
    return readUnfinished(this.#state.db);
  }

  /**
   * The same as far as a decision looks at them.
   *
   * @param also activities that count as under way, though they may have ended since
   */
  inProgress(also: readonly Activity[] = []): ActivityInProgress[] {
    return activitiesInProgress(readUnfinished(this.#state.db, also));
  }

  /** What is on its way out: the stops and terminations under way, and the ways in that are being undone. */
  leaving(): ActivityInProgress[] {
    return readLeaving(this.#state.db);
  }

  /** The steps of an activity in the order in which they were taken. */
  steps(activity: number): Step[] {
    return readSteps(this.#state.db, activity);
  }

  /** The newest change of an alarm that was processed, and what told of it. */
  newestChange(alarm: string): { readonly changed: number; readonly source: string } | undefined {
    const row = this.#get("SELECT changed, source FROM newest WHERE alarm = ?", alarm);
    return row === undefined ? undefined : { changed: Number(row.changed), source: String(row.source) };
  }

  /** Notes that a change of an alarm was processed. */
  noteProcessed(alarm: string, { at }: AlarmChange, source: Recommendation["source"]): void {
    this.#run(
      `INSERT INTO newest (alarm, changed, source) VALUES (?, ?, ?)
       ON CONFLICT (alarm) DO UPDATE SET changed = excluded.changed, source = excluded.source
       WHERE excluded.changed > newest.changed`,
      alarm,
      at,
      source,
    );
  }

  /**
   * Notes which instances are in service, so that {@linkcode history} can tell since when. One that is in service when it
   * is first seen has been so for as long as it has been up, at most.
   */
  noteInService(instances: readonly Instance[], now: number): void {
    const changed = instances.map((instance): readonly [id: string, since: number | null] => {
      const before = this.#inService.get(instance.id);
      const since = !inService(instance)
        ? null
        : before === undefined
        ? Math.min(instance.launched ?? now, now)
        : before ?? now;
      return [instance.id, since];
    }).filter(([id, since]) => this.#inService.get(id) !== since);
    if (changed.length === 0) return;
    this.#state.transaction(() => {
      for (const entry of changed) {
        this.#run(
          "INSERT INTO in_service (instance, since) VALUES (?, ?) ON CONFLICT (instance) DO UPDATE SET since = excluded.since",
          ...entry,
        );
      }
    });
    // After it is written: what a full disk keeps from being written is written at the next look.
    for (const [id, since] of changed) this.#inService.set(id, since);
  }

  /** What R5 and R7 look at. */
  history(now: number): Observation["history"] {
    const last = (direction: "out" | "in") => {
      const kinds = (Object.keys(DIRECTION) as Kind[]).filter((kind) => DIRECTION[kind] === direction);
      const times = kinds.map((kind) =>
        this.#get("SELECT max(time) AS time FROM decisions WHERE kind = ?", kind)?.time
      ).filter((time) => typeof time === "number");
      return times.length === 0 ? undefined : Math.max(...times);
    };
    const lastOut = last("out");
    const lastIn = last("in");
    const launchesFail = this.#launchesFail(now);
    const since = [...this.#inService].filter((entry): entry is [string, number] => entry[1] !== null);
    return {
      ...(lastOut === undefined ? {} : { lastOut }),
      ...(lastIn === undefined ? {} : { lastIn }),
      inServiceSince: Object.fromEntries(since.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      ...(launchesFail === undefined ? {} : { launchesFail }),
    };
  }

  /** When the launches that have failed lately, since the last that did not, began to fail, and when the last one did. */
  #launchesFail(now: number): Observation["history"]["launchesFail"] {
    const { since, last } = this.#get(
      `SELECT min(ended) AS since, max(ended) AS last FROM activities
       WHERE kind = 'launch' AND state = 'failed' AND ended > ?
         AND id > coalesce((SELECT max(id) FROM activities WHERE kind = 'launch' AND state = 'done'), 0)`,
      now - FAILED_LATELY,
    ) ?? {};
    return typeof since === "number" && typeof last === "number" ? { since, last } : undefined;
  }

  /** The latest decisions with their activities, newest first. */
  lines(limit: number, now: number): JournalLine[] {
    return readLines(this.#state.db, limit, now);
  }

  /** The rules that bound a decision. */
  checks(decision: number): readonly string[] {
    return readRules(this.#state.db, decision);
  }

  /** The line of an activity. */
  line({ id }: Activity, now: number): JournalLine | undefined {
    return readLine(this.#state.db, id, now);
  }

  /**
   * One decision with all that it was made from.
   *
   * @throws {Error} if its record is damaged
   */
  read(wanted: DecisionQuery): DecisionRecord | undefined {
    return readRecord(this.#state.db, wanted);
  }

  /** Forgets what is too old or too much; never an activity under way, nor the newest start and stop, which cooldowns go by. */
  prune(now: number): void {
    prune(this.#state, this.#largest, now);
  }

  #run(
    sql: string,
    ...values: (string | number | null | Uint8Array)[]
  ): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#state.db.prepare(sql).run(...values);
  }

  #get(sql: string, ...values: (string | number | null)[]): Row | undefined {
    return this.#state.db.prepare(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number | null)[]): Row[] {
    return this.#state.db.prepare(sql).all(...values);
  }
}
