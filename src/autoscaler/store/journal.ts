/**
 * The journal: each decision with the observation it was made from (R15, R16), and each activity with its steps (R13, R17).
 *
 * This file has one method for each thing that the autoscaler does with the journal; the SQL is beside it, in a file for each
 * noun.
 *
 * @module
 */
import type { AlarmChange } from "../../scaling/model/alarm.ts";
import type { ActivityInProgress } from "../../scaling/model/activity.ts";
import type { Instance } from "../../scaling/model/instance.ts";
import type { Observation, ProcessedChange } from "../../scaling/model/observation.ts";
import type { StartEvent } from "../../scaling/model/start_event.ts";
import {
  type Activity,
  addActivity,
  endActivity,
  endDamaged,
  nextCandidate,
  noteActivity,
  type PlacedActivity,
  readDamaged,
  readInProgress,
  readLeaving,
  readUnfinished,
  setInstance,
} from "./activities.ts";
import {
  addDecision,
  type DecisionQuery,
  type DecisionRecord,
  type NewDecision,
  readChecks,
  readRecord,
} from "./decisions.ts";
import { History } from "./history.ts";
import { Quarantines } from "./instances/quarantines.ts";
import { type JournalLine, readLine, readLines } from "./lines.ts";
import { prune } from "./prune.ts";
import type { ActivityStatus, StepName } from "./names.ts";
import {
  addRefusal,
  deleteRefusal,
  readRefusals,
  type Refusal,
  type ScaleInKind,
} from "./instances/refusals.ts";
import {
  addStep,
  beginStep,
  type Cause,
  endStep,
  readSteps,
  recentStarts,
  type Step,
  type StepRun,
  takeStep,
} from "./steps.ts";
import type { Store } from "./store.ts";

/** How large the database may grow before the oldest records are deleted, in bytes. */
const MAX_BYTES = 256 * 2 ** 20;

/** The journal in a state folder. */
export class Journal {
  readonly #store: Store;
  readonly #maxBytes: number;
  readonly #history: History;
  readonly quarantines: Quarantines;

  /** @param maxBytes how large the database may grow before the oldest records are deleted */
  constructor(store: Store, maxBytes = MAX_BYTES) {
    this.#store = store;
    this.#maxBytes = maxBytes;
    this.#history = new History(store);
    this.quarantines = new Quarantines(store);
  }

  /** Records a decision, and the activity that carries it out. Returns that activity, unless this is a dry run. */
  record(entry: NewDecision): Activity | undefined {
    const { db } = this.#store;
    const { decision, observation: { now }, dryRun } = entry;
    const id = addDecision(db, entry);
    if (decision.kind === "none") return undefined;
    const activity = addActivity(db, id, decision, now, dryRun);
    return dryRun ? undefined : activity;
  }

  /** Takes a step of an activity, and records it before and after. An aborted step stays open, to be resumed. */
  async step<T>(activity: number, instance: string, step: StepName, run: StepRun<T>): Promise<T> {
    const { id, result } = await takeStep(this.#store, { activity, instance, step }, run);
    endStep(this.#store.db, id, run.now());
    return result;
  }

  /** Takes the step that launches an instance. The instance is recorded in the transaction that ends the step. */
  async launch<T extends { readonly id: string }>(activity: Activity, run: StepRun<T>): Promise<T> {
    const planned = { activity: activity.id, instance: null, step: "launched" } as const;
    const { id, result } = await takeStep(this.#store, planned, run);
    const { db } = this.#store;
    this.#store.transaction(() => {
      db.prepare("UPDATE steps SET instance = ? WHERE id = ?").run(result.id, id);
      endStep(db, id, run.now());
      setInstance(db, activity.id, result.id);
    });
    return result;
  }

  /** Records a step that the autoscaler observed without carrying it out. */
  noteStep(activity: number, step: Required<Omit<Step, "failure" | "cause">>): void {
    addStep(this.#store.db, activity, step);
  }

  /** The steps of an activity, in the order in which they began. */
  steps(activity: number): Step[] {
    return readSteps(this.#store.db, activity);
  }

  /** Moves an activity to its next candidate that no other activity works on (R7). Returns undefined if there is none. */
  nextCandidate(activity: Activity): PlacedActivity | undefined {
    return this.#store.transaction(() => nextCandidate(this.#store.db, activity));
  }

  /**
   * Drops the candidate of an activity and moves the activity to its next candidate, in one transaction.
   *
   * @param rollBack whether kas has to roll back the dropped candidate; the journal then has the rollback as an open step
   */
  dropCandidate(
    activity: PlacedActivity,
    cause: Cause,
    rollBack: boolean,
    now: number,
  ): PlacedActivity | undefined {
    const { db } = this.#store;
    return this.#store.transaction(() => {
      const planned = { activity: activity.id, instance: activity.instance, step: "rolled-back" } as const;
      const id = beginStep(db, planned, now, cause);
      if (!rollBack) endStep(db, id, now);
      return nextCandidate(db, activity);
    });
  }

  /** Adds a sentence to the reason of an activity in progress. The reason that ends the activity replaces it. */
  note(activity: number, sentence: string): void {
    noteActivity(this.#store.db, activity, sentence);
  }

  /** Ends an activity. */
  end(activity: Activity, status: ActivityStatus, reason: string, now: number): Activity {
    return endActivity(this.#store.db, activity, status, reason, now);
  }

  /** The ids of the activities in progress whose rows are damaged. */
  damaged(): number[] {
    return readDamaged(this.#store.db);
  }

  /** Ends an activity whose row is damaged as failed. */
  endDamaged(id: number, now: number): void {
    endDamaged(this.#store.db, id, now);
  }

  /** The activities in progress whose rows are not damaged, oldest first. */
  unfinished(): Activity[] {
    return readUnfinished(this.#store.db);
  }

  /**
   * Returns the activities in progress in the form that a decision uses.
   *
   * @param also activities to include even if they have ended meanwhile
   */
  inProgress(also: readonly Activity[] = []): ActivityInProgress[] {
    return readInProgress(this.#store.db, also);
  }

  /**
   * Returns the instances that are leaving the fleet: stops and terminations in progress, and starts that are being rolled
   * back.
   */
  leaving(): ActivityInProgress[] {
    return readLeaving(this.#store.db);
  }

  /** Records that EC2 refuses to stop or to terminate an instance. */
  noteRefusal(refusal: Omit<Refusal, "since" | "checked">, now: number): void {
    addRefusal(this.#store.db, refusal, now);
  }

  /** Forgets a refusal. */
  forgetRefusal(refusal: Pick<Refusal, "instance" | "action">): void {
    deleteRefusal(this.#store.db, refusal);
  }

  /** The instances that EC2 refuses to stop, or to terminate. */
  refusals(action: ScaleInKind): Refusal[] {
    return readRefusals(this.#store.db, action);
  }

  /** The newest processed change of an alarm (R11). */
  newestChange(alarm: string): ProcessedChange | undefined {
    return this.#history.newestChange(alarm);
  }

  /** Records that an evaluation has processed a change of an alarm. */
  noteProcessed(alarm: string, change: AlarmChange, by: ProcessedChange["by"]): void {
    this.#history.noteProcessed(alarm, change, by);
  }

  /** Records which instances are in service, so that {@linkcode history} returns since when. */
  noteInService(instances: readonly Instance[], now: number): void {
    this.#history.noteInService(instances, now);
  }

  /** Since when instances are registered without being healthy, by the instance's id, in ms since the epoch. */
  get failingSince(): ReadonlyMap<string, number> {
    return this.#history.failingSince;
  }

  /** Returns the history that the rules R5 and R7 use. */
  history(now: number): Observation["history"] {
    return this.#history.read(now);
  }

  /** Returns what happened at the recent starts. Empty if none failed. */
  starts(now: number): StartEvent[] {
    return recentStarts(this.#store.db, now);
  }

  /** The latest decisions with their activities, newest first. */
  lines(limit: number, now: number): JournalLine[] {
    return readLines(this.#store.db, limit, now);
  }

  /**
   * The line of an activity.
   *
   * @throws {DamagedRowError} if its row or that of its decision is damaged
   */
  line({ id }: Activity, now: number): JournalLine | undefined {
    return readLine(this.#store.db, id, now);
  }

  /** The checks that held an action back. */
  checks(decision: number): readonly string[] {
    return readChecks(this.#store.db, decision);
  }

  /**
   * Reads a decision with its trigger and observation. If its record is damaged, reads the next one.
   *
   * @throws {DamagedRowError} if the record that a query by id selects is damaged
   */
  read(query: DecisionQuery): DecisionRecord | undefined {
    return readRecord(this.#store.db, query);
  }

  /** Deletes old records: see {@linkcode prune}. */
  prune(now: number): void {
    prune(this.#store, this.#maxBytes, now);
  }
}
