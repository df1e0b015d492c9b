/**
 * The load of the fleet, a row a minute for 15 days. Charts and backtests read it, and the autoscaler after a restart.
 *
 * @module
 */
import type { LoadPoint, LoadView } from "../../scaling/model/load/view.ts";
import type { Store } from "../store/store.ts";
import { oneOf, type Row, time } from "../store/sqlite/rows.ts";
import { DamagedRowError } from "../store/sqlite/rows.ts";

/** The load of the fleet in one minute. */
export interface Minute {
  /** When the minute began, in ms since the epoch. */
  readonly at: number;
  /** The load: how many instances it would keep at 100 %. */
  readonly demand: number;
  /** The mean number of instances in service. */
  readonly serving: number;
  readonly source: LoadView["source"];
}

/** The length of a minute, in ms. */
export const MINUTE = 60_000;

/** How long the journal keeps minutes, in ms. CloudWatch keeps its points of one minute as long. */
export const KEPT = 15 * 86_400_000;

/** The minutes of a fleet. */
export class Minutes {
  readonly #db: Store["db"];

  constructor({ db }: Pick<Store, "db">) {
    this.#db = db;
  }

  /** Stores a minute. A later value of the same minute replaces the first one, because metrics may arrive late. */
  add({ at, demand, serving, source }: Minute): void {
    this.#db.prepare(
      `INSERT INTO minutes (at, demand, serving, source) VALUES (?, ?, ?, ?)
       ON CONFLICT (at) DO UPDATE SET demand = excluded.demand, serving = excluded.serving, source = excluded.source`,
    ).run(at, demand, serving, source);
    this.#db.prepare("DELETE FROM minutes WHERE at <= ?").run(at - KEPT);
  }

  /** Returns the minutes from `begin` until before `end`, the oldest first. Skips damaged rows. */
  read(begin: number, end: number): Minute[] {
    const rows = this.#db.prepare("SELECT * FROM minutes WHERE at >= ? AND at < ? ORDER BY at").all(
      begin,
      end,
    );
    return this.#db.readAll(rows, (row) => `minute ${row.at}`, toMinute);
  }

  /** Returns when the newest minute began. Undefined if there is none. */
  newest(): number | undefined {
    const at = this.#db.prepare("SELECT max(at) AS at FROM minutes").get()?.at;
    return typeof at === "number" ? at : undefined;
  }
}

/** Returns the minutes of a point. A period of CloudWatch's basic monitoring has several. */
export function minutesOf(point: LoadPoint, source: LoadView["source"]): Minute[] {
  const { at, span, percent, serving } = point;
  return Array.from({ length: Math.max(1, Math.floor(span / MINUTE)) }, (_, i) => ({
    at: at + i * MINUTE,
    demand: percent * serving / 100,
    serving,
    source,
  }));
}

/** Returns the point of a minute. The minutes do not say how many instances served the whole minute, so it takes the mean. */
export function pointOf({ at, demand, serving }: Minute): LoadPoint | undefined {
  const served = Math.max(1, Math.round(serving));
  return serving > 0 ? { at, span: MINUTE, percent: 100 * demand / serving, served, serving } : undefined;
}

function toMinute(row: Row): Minute {
  return {
    at: time(row, "at"),
    demand: share(row, "demand"),
    serving: share(row, "serving"),
    source: oneOf(row, "source", ["scrape", "cloudwatch"]),
  };
}

/** Reads a number of instances. */
function share(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw new DamagedRowError(`${column} is not a number of instances`);
  }
  return value;
}
