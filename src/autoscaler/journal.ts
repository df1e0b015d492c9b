/**
 * The journal: each decision with the signal and the facts it was made from (R15, R16), each activity with its steps, as
 * they were before and after each was taken (R13, R17), and what later decisions need to know of earlier ones.
 *
 * Kept bounded: resyncs in a row that come to the same "none" share one record that counts them, records older than 90
 * days go, and beyond 256 MiB the oldest go first.
 *
 * @module
 */
import type { AlarmChange, Signal } from "../scaling/alarm.ts";
import type { Decision } from "../scaling/decide.ts";
import type { Facts, UnderWay } from "../scaling/facts.ts";
import { inService, type Instance } from "../scaling/fleet.ts";
import type { State } from "./state.ts";

/** How an activity stands: `dry-run` was decided and not carried out, `cancelled` was overtaken by another one. */
export type ActivityState = "in-progress" | "done" | "failed" | "cancelled" | "dry-run";

/** The carrying out of one decision. Times are ms since the epoch. */
export interface Activity {
  readonly id: number;
  readonly kind: "start" | "stop";
  /** The instance it is at. */
  readonly instance: string;
  /** The candidates that it has not turned to (R7). */
  readonly remaining: readonly string[];
  readonly began: number;
  readonly ended?: number;
  readonly state: ActivityState;
  /** How it ended, or why it was begun. */
  readonly reason: string;
}

/** A step of an activity. Times are ms since the epoch. */
export interface Step {
  readonly step: string;
  readonly instance: string;
  readonly began: number;
  readonly ended?: number;
  readonly failure?: string;
}

/** A line of the journal as `kas admin activities` and `GET /activities` show it. */
export interface Line {
  /** ISO 8601, of the decision; of the last one where `times` is more than 1. */
  readonly time: string;
  readonly kind: Decision["kind"];
  readonly instance: string | null;
  readonly state: ActivityState | null;
  readonly reason: string;
  /** How long the activity took, or has taken by now; null for "none". */
  readonly seconds: number | null;
  readonly source: Signal["source"];
  readonly message: string | null;
  /** How many resyncs in a row came to this. */
  readonly times: number;
  /** R17: when each phase ended, ISO 8601, by its name. */
  readonly phases: Readonly<Record<string, string>>;
}

/** A decision to record. */
export interface Made {
  readonly signal: Signal;
  readonly facts: Facts;
  readonly decision: Decision;
  /** The message that asked. */
  readonly message?: { readonly id: string; readonly received: number };
  /** Record it, but nothing will be done. */
  readonly dryRun: boolean;
}

/** How long a record is kept, ms. */
const KEPT = 90 * 24 * 3_600_000;

/** How large the database may grow, bytes. */
const LARGEST = 256 * 2 ** 20;

type Columns = Record<string, unknown>;

/** The journal in a state folder. */
export class Journal {
  readonly #state: State;
  /** In service since, by instance; null for one that was seen out of service. */
  readonly #inService: Map<string, number | null>;

  constructor(state: State) {
    this.#state = state;
    this.#inService = new Map(
      this.#all("SELECT instance, since FROM in_service").map((
        row,
      ) => [String(row.instance), row.since as number | null]),
    );
  }

  /** Records a decision and, if there is something to carry out, the activity that will. */
  record({ signal, facts, decision, message, dryRun }: Made): Activity | undefined {
    const now = facts.now;
    if (decision.kind === "none" && signal.source === "resync" && this.#repeats(decision, now)) {
      return undefined;
    }
    const { lastInsertRowid: id } = this.#run(
      `INSERT INTO decisions (time, source, message, notified, kind, instance, reason, signal, facts, decision, last)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      now,
      signal.source,
      message?.id ?? null,
      message?.received ?? null,
      decision.kind,
      decision.kind === "none" ? null : decision.instance,
      decision.reason,
      JSON.stringify(signal),
      JSON.stringify(facts),
      JSON.stringify(decision),
      now,
    );
    if (decision.kind === "none") return undefined;
    const remaining = decision.kind === "start"
      ? decision.candidates.filter((id) => id !== decision.instance)
      : [];
    const state: ActivityState = dryRun ? "dry-run" : "in-progress";
    const row = this.#get(
      `INSERT INTO activities (decision, kind, instance, remaining, began, ended, state, reason)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
      Number(id),
      decision.kind,
      decision.instance,
      JSON.stringify(remaining),
      now,
      dryRun ? now : null,
      state,
      decision.reason,
    );
    return row === undefined || dryRun ? undefined : toActivity(row);
  }

  /** Counts a resync's "none" to the record before it, if that says the same. */
  #repeats({ reason }: Decision, now: number): boolean {
    const { changes } = this.#run(
      `UPDATE decisions SET times = times + 1, last = ?
       WHERE id = (SELECT max(id) FROM decisions) AND kind = 'none' AND source = 'resync' AND reason = ?`,
      now,
      reason,
    );
    return changes === 1;
  }

  /** Takes a step of an activity, on record before it is taken and after it. A step that is aborted stays open. */
  async step<T>(activity: number, instance: string, step: string, { now, signal, take }: {
    readonly now: () => number;
    readonly signal: AbortSignal;
    readonly take: () => Promise<T>;
  }): Promise<T> {
    const { lastInsertRowid } = this.#run(
      "INSERT INTO steps (activity, instance, step, began) VALUES (?, ?, ?, ?)",
      activity,
      instance,
      step,
      now(),
    );
    const end = (failure: string | null) =>
      this.#run(
        "UPDATE steps SET ended = ?, failure = ? WHERE id = ?",
        now(),
        failure,
        Number(lastInsertRowid),
      );
    try {
      const result = await take();
      end(null);
      return result;
    } catch (error) {
      if (!signal.aborted) end(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** Turns an activity to another of its candidates; undefined when there is none that no other activity is at (R7). */
  turn(activity: Activity): Activity | undefined {
    return this.#state.transaction(() => {
      const taken = new Set(this.underWay().map(({ instance }) => instance));
      const [instance, ...remaining] = activity.remaining.filter((id) => !taken.has(id));
      if (instance === undefined) return undefined;
      this.#run(
        "UPDATE activities SET instance = ?, remaining = ? WHERE id = ?",
        instance,
        JSON.stringify(remaining),
        activity.id,
      );
      return { ...activity, instance, remaining };
    });
  }

  /** Ends an activity. */
  end({ id }: Activity, state: ActivityState, reason: string, now: number): Activity {
    const row = this.#get(
      "UPDATE activities SET ended = ?, state = ?, reason = ? WHERE id = ? RETURNING *",
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
    return this.#all("SELECT * FROM activities WHERE ended IS NULL ORDER BY id").map(toActivity);
  }

  /** The same as far as a decision looks at them. */
  underWay(): UnderWay[] {
    return this.unfinished().map(({ kind, instance, began }) => ({ kind, instance, since: began }));
  }

  /** The steps of an activity in the order in which they were taken. */
  steps(activity: number): Step[] {
    return this.#all("SELECT * FROM steps WHERE activity = ? ORDER BY id", activity).map((row) => ({
      step: String(row.step),
      instance: String(row.instance),
      began: Number(row.began),
      ...(row.ended === null ? {} : { ended: Number(row.ended) }),
      ...(row.failure === null ? {} : { failure: String(row.failure) }),
    }));
  }

  /** The newest change of an alarm that was processed, and what told of it. */
  newest(alarm: string): { readonly changed: number; readonly source: string } | undefined {
    const row = this.#get("SELECT changed, source FROM newest WHERE alarm = ?", alarm);
    return row === undefined ? undefined : { changed: Number(row.changed), source: String(row.source) };
  }

  /** Notes that a change of an alarm was processed. */
  processed(alarm: string, { at }: AlarmChange, source: Signal["source"]): void {
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
  notice(instances: readonly Instance[], now: number): void {
    for (const instance of instances) {
      const before = this.#inService.get(instance.id);
      const since = !inService(instance)
        ? null
        : before === undefined
        ? Math.min(instance.launched ?? now, now)
        : before ?? now;
      if (since === before) continue;
      this.#inService.set(instance.id, since);
      this.#run(
        "INSERT INTO in_service (instance, since) VALUES (?, ?) ON CONFLICT (instance) DO UPDATE SET since = excluded.since",
        instance.id,
        since,
      );
    }
  }

  /** What R5 looks at. */
  history(): Facts["history"] {
    const last = (kind: string) => {
      const time = this.#get("SELECT max(time) AS time FROM decisions WHERE kind = ?", kind)?.time;
      return typeof time === "number" ? time : undefined;
    };
    const lastOut = last("start");
    const lastIn = last("stop");
    const since = [...this.#inService].filter((entry): entry is [string, number] => entry[1] !== null);
    return {
      ...(lastOut === undefined ? {} : { lastOut }),
      ...(lastIn === undefined ? {} : { lastIn }),
      inServiceSince: Object.fromEntries(since.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    };
  }

  /** The latest decisions with their activities, newest first. */
  lines(limit: number, now: number): Line[] {
    const rows = this.#all(
      `SELECT d.time, d.last, d.source, d.message, d.notified, d.kind, d.reason, d.times,
              json_extract(d.signal, '$.alarm.at') AS breach,
              a.id AS activity, coalesce(a.instance, d.instance) AS instance, a.state, a.began, a.ended, a.reason AS outcome
       FROM decisions d LEFT JOIN activities a ON a.decision = d.id ORDER BY d.id DESC LIMIT ?`,
      limit,
    );
    return rows.map((row) => ({
      time: iso(row.last),
      kind: row.kind as Line["kind"],
      instance: row.instance as string | null,
      state: row.state as ActivityState | null,
      reason: outcome(row),
      seconds: row.activity === null ? null : (Number(row.ended ?? now) - Number(row.began)) / 1_000,
      source: row.source as Line["source"],
      message: row.message as string | null,
      times: Number(row.times),
      phases: this.#phases(row),
    }));
  }

  #phases(row: Columns): Record<string, string> {
    if (row.activity === null) return {};
    const ended: [string, unknown][] = [["breach", row.breach], ["notified", row.notified], [
      "decided",
      row.time,
    ]];
    for (const { step, instance, ended: at, failure } of this.steps(Number(row.activity))) {
      if (instance === row.instance && failure === undefined) ended.push([step, at]);
    }
    return Object.fromEntries(
      ended.filter(([, at]) => typeof at === "number").map(([phase, at]) => [phase, iso(at)]),
    );
  }

  /** Forgets what is too old or too much; never an activity under way, nor the newest start and stop, which cooldowns go by. */
  prune(now: number): void {
    const spared = `id NOT IN (SELECT decision FROM activities WHERE ended IS NULL)
      AND id NOT IN (SELECT max(id) FROM decisions WHERE kind <> 'none' GROUP BY kind)`;
    this.#run(`DELETE FROM decisions WHERE last < ? AND ${spared}`, now - KEPT);
    for (let tenth = 0; tenth < 10 && this.#state.size() > LARGEST; tenth++) {
      this.#run(
        `DELETE FROM decisions WHERE id <= (SELECT min(id) + (max(id) - min(id)) / 10 FROM decisions) AND ${spared}`,
      );
    }
  }

  #run(
    sql: string,
    ...values: (string | number | null)[]
  ): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#state.db.prepare(sql).run(...values);
  }

  #get(sql: string, ...values: (string | number | null)[]): Columns | undefined {
    return this.#state.db.prepare(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number | null)[]): Columns[] {
    return this.#state.db.prepare(sql).all(...values);
  }
}

function toActivity(row: Columns): Activity {
  return {
    id: Number(row.id),
    kind: row.kind as Activity["kind"],
    instance: String(row.instance),
    remaining: JSON.parse(String(row.remaining)),
    began: Number(row.began),
    ...(row.ended === null ? {} : { ended: Number(row.ended) }),
    state: row.state as ActivityState,
    reason: String(row.reason),
  };
}

/** What was decided and why, and how it went if it did not go as decided. */
function outcome({ state, reason, outcome }: Columns): string {
  if (state === "failed" || state === "cancelled") return `${outcome} (decided: ${reason})`;
  return String(state === "done" ? outcome : reason);
}

function iso(ms: unknown): string {
  return new Date(Number(ms)).toISOString();
}
