/**
 * The journal. It contains each decision with its observation (R15, R16), and each activity with its steps (R13, R17).
 *
 * The class has one method for each use of the journal. The other files of this folder contain the SQL.
 *
 * @module
 */
import type { AlarmChange } from "../../scaling/model/alarm.ts";
import { type ActivityInProgress, DIRECTION } from "../../scaling/model/activity.ts";
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
  readEnded,
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
import { History, type LossView } from "./history.ts";
import { Drains } from "./instances/drains.ts";
import type { FailingInstance } from "./instances/failing.ts";
import { Losses } from "./instances/losses.ts";
import { Quarantines } from "./instances/quarantines.ts";
import { type JournalLine, readLine, readLines } from "./lines.ts";
import type { ActivityStatus, StepName } from "./names.ts";
import { OperatorPauseStore } from "./operator/pauses.ts";
import { Overrides } from "./operator/override.ts";
import { prune } from "./sqlite/prune.ts";
import { Refusals } from "./instances/refusals.ts";
import {
  addStep,
  beginStep,
  cancelledStart,
  type Cause,
  endStep,
  longestStart,
  readSteps,
  recentStarts,
  type Step,
  type StepRun,
  takeStep,
} from "./steps.ts";
import type { Store } from "./store.ts";

/** The size of the database above which kas deletes the oldest records, in bytes. */
const MAX_BYTES = 256 * 2 ** 20;

/** The journal in a state folder. */
export class Journal {
  readonly #store: Store;
  readonly #maxBytes: number;
  readonly #history: History;
  readonly quarantines: Quarantines;
  readonly operatorPauses: OperatorPauseStore;
  readonly overrides: Overrides;
  readonly losses: Losses;
  readonly refusals: Refusals;
  readonly drains: Drains;

  /** @param maxBytes the size of the database above which kas deletes the oldest records, in bytes */
  constructor(store: Store, maxBytes = MAX_BYTES) {
    this.#store = store;
    this.#maxBytes = maxBytes;
    this.losses = new Losses(store);
    this.#history = new History(store, this.losses);
    this.quarantines = new Quarantines(store);
    this.operatorPauses = new OperatorPauseStore(store);
    this.overrides = new Overrides(store);
    this.refusals = new Refusals(store);
    this.drains = new Drains(store);
  }

  /**
   * Records a decision, and the activities that carry it out, in the order of its actions. Returns the activities. In a dry run,
   * returns none.
   */
  record(entry: NewDecision): Activity[] {
    const { db } = this.#store;
    const { decision: { actions, reason }, observation: { now }, dryRun } = entry;
    const id = addDecision(db, entry);
    const activities = actions.map((action) => addActivity(db, id, action, { reason, now, dryRun }));
    return dryRun ? [] : activities;
  }

  /**
   * Carries out a step of an activity, and records it before and after it. If the signal aborts, the step stays open for a
   * later run.
   */
  async step<T>(activity: number, instance: string, step: StepName, run: StepRun<T>): Promise<T> {
    const { id, result } = await takeStep(this.#store, { activity, instance, step }, run);
    endStep(this.#store.db, id, run.now());
    return result;
  }

  /** Carries out the step that launches an instance. One transaction records the instance and the end of the step. */
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

  /** Returns the steps of an activity, in the order in which they began. */
  steps(activity: number): Step[] {
    return readSteps(this.#store.db, activity);
  }

  /** Moves an activity to its next candidate without another activity in progress (R7). Returns undefined if there is none. */
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

  /** Adds a sentence to the reason of an activity in progress. {@linkcode end} replaces the whole reason. */
  note(activity: number, sentence: string): void {
    noteActivity(this.#store.db, activity, sentence);
  }

  /** Ends an activity. */
  end(activity: Activity, status: ActivityStatus, reason: string, now: number): Activity {
    return this.#store.transaction(() => {
      const ended = endActivity(this.#store.db, activity, status, reason, now);
      const isStarted = DIRECTION[ended.kind] === "out" && status === "successful";
      if (isStarted && ended.instance !== undefined) this.#history.noteStarted(ended.instance, now);
      return ended;
    });
  }

  /** Returns the ids of the activities in progress whose rows are damaged. */
  damaged(): number[] {
    return readDamaged(this.#store.db);
  }

  /** Records that an activity whose row is damaged has failed. */
  endDamaged(id: number, now: number): void {
    endDamaged(this.#store.db, id, now);
  }

  /** Returns the activities in progress, oldest first. Skips damaged rows. */
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

  /** Returns the instances that are leaving the fleet, as the function {@linkcode readLeaving} describes. */
  leaving(until?: number): ActivityInProgress[] {
    return readLeaving(this.#store.db, until);
  }

  /** Returns the activities that ended between two times, as the function {@linkcode readEnded} describes. */
  ended(since: number, until: number): Activity[] {
    return readEnded(this.#store.db, since, until);
  }

  /** Returns the newest processed change of an alarm (R11). */
  newestChange(alarm: string): ProcessedChange | undefined {
    return this.#history.newestChange(alarm);
  }

  /** Records that an evaluation has processed a change of an alarm. */
  noteProcessed(alarm: string, change: AlarmChange, by: ProcessedChange["by"]): void {
    this.#history.noteProcessed(alarm, change, by);
  }

  /**
   * Records which instances are in service. {@linkcode history} returns since when each has been in service.
   *
   * @param view what else the losses depend on
   */
  noteInService(instances: readonly Instance[], now: number, view: LossView = {}): void {
    this.#history.noteInService(instances, now, view);
  }

  /** Returns the ids of the instances that were in service or failing at the last observation. */
  served(): string[] {
    return this.#history.served();
  }

  /** Records which instances are unhealthy: the fleet lost them (R21). */
  noteUnhealthy(instances: readonly Instance[], now: number): void {
    this.#history.noteUnhealthy(instances, now);
  }

  /** Returns since when an instance has been in service. Undefined if the last observation did not show it in service. */
  inServiceSince(id: string): number | undefined {
    return this.#history.inServiceSince(id);
  }

  /** Returns since when an instance has been failing. Undefined if it is not. */
  failing(id: string): FailingInstance | undefined {
    return this.#history.failing(id);
  }

  /** Returns the history that the rules R5 and R7 use. */
  history(now: number): Observation["history"] {
    return this.#history.read(now);
  }

  /** Returns what happened at the recent starts. Empty if none failed. */
  starts(now: number): StartEvent[] {
    return recentStarts(this.#store.db, now);
  }

  /** Returns the last start of an instance, if kas cancelled it. */
  cancelledStart(instance: string): ReturnType<typeof cancelledStart> {
    return cancelledStart(this.#store.db, instance);
  }

  /** Returns the longest time from the start of an instance to its service, in the last 20 starts, in ms. */
  longestStart(): number | undefined {
    return longestStart(this.#store.db);
  }

  /** Returns the latest decisions with their activities, newest first. */
  lines(limit: number, now: number): JournalLine[] {
    return readLines(this.#store.db, limit, now);
  }

  /**
   * Returns the line of an activity.
   *
   * @throws {DamagedRowError} if the row of the activity or of its decision is damaged
   */
  line({ id }: Pick<Activity, "id">, now: number): JournalLine | undefined {
    return readLine(this.#store.db, id, now);
  }

  /** Returns the checks that held the action of a decision back. */
  checks(decision: number): readonly string[] {
    return readChecks(this.#store.db, decision);
  }

  /**
   * Reads a decision with its trigger and observation. If the record is damaged, reads the next record, except for a query by id.
   *
   * @throws {DamagedRowError} if the record that a query by id selects is damaged
   */
  read(query: DecisionQuery): DecisionRecord | undefined {
    return readRecord(this.#store.db, query);
  }

  /** Deletes old records, as the function {@linkcode prune} describes. */
  prune(now: number): void {
    prune(this.#store, this.#maxBytes, now);
  }
}
