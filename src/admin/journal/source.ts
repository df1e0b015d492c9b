/**
 * Reads the autoscaler's journal for the admin commands: from its state folder, or from a running autoscaler.
 *
 * @module
 */
import type { DecisionQuery, DecisionRecord } from "../../autoscaler/store/decisions.ts";
import type { Journal } from "../../autoscaler/store/journal.ts";
import type { JournalLine } from "../../autoscaler/store/lines.ts";
import type { Store } from "../../autoscaler/store/store.ts";
import type { JournalPlace } from "../../autoscaler/store/folder/fleet_folders.ts";
import { UnusableError } from "../../autoscaler/store/folder/unusable.ts";
import { ExitError, UsageError } from "../../cli/command.ts";
import { url } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { askAutoscaler } from "./ask_autoscaler.ts";
import { toRecord } from "./record_json.ts";

const { default: _, ...fleet } = SETTINGS.fleet;

/** The option `--fleet` of commands for a running autoscaler or its journal. */
export const CHOSEN_FLEET = { ...fleet, help: "the fleet, if the autoscaler has several" };

/** The options that select the journal. */
export const JOURNAL = {
  fleet: CHOSEN_FLEET,
  url: {
    placeholder: "URL",
    help: "read from the autoscaler at this URL instead of from its state folder",
    parse: url,
  },
  state: SETTINGS.state,
} as const;

/** The values of {@linkcode JOURNAL}'s options. */
export interface JournalFlags {
  readonly fleet: string | undefined;
  readonly url: string | undefined;
  readonly state: string;
}

/** An open journal. Its methods throw an ExitError if kas cannot read the journal. */
export interface JournalReader extends Disposable {
  /** Returns at most `limit` decisions, the newest one first. */
  lines(limit: number): Promise<readonly JournalLine[]>;
  record(query: DecisionQuery): Promise<DecisionRecord | undefined>;
  /** Returns all decision records, the oldest one first. */
  records(): AsyncIterable<DecisionRecord>;
}

/** Opens the journal that the flags select. Calls `note` with a message about each damaged record that it skips. */
export async function openJournal(
  { url, state, fleet }: JournalFlags,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<JournalReader> {
  return url === undefined
    ? await openStateFolder(state, fleet, note)
    : openRemoteJournal(url, fleet, signal);
}

/**
 * Opens the journal of a fleet in a state folder, or a copy of a database file. `note` prints which damaged records kas leaves out.
 *
 * @param fleet the name of the fleet. If absent, the state folder must have the journal of only one fleet
 */
export async function openStateFolder(
  path: string,
  fleet: string | undefined,
  note: (line: string) => void,
): Promise<JournalReader> {
  const [state, { Journal }] = await Promise.all([
    openStore(path, fleet, note),
    import("../../autoscaler/store/journal.ts"),
  ]);
  const journal = new Journal(state);
  return {
    lines: (limit) => Promise.resolve(journal.lines(limit, Date.now())),
    record: (query) => Promise.resolve(read(journal, query)),
    records: async function* () {
      for (let after = 0;;) {
        const record = read(journal, { after });
        if (record === undefined) return;
        yield record;
        after = record.id;
      }
    },
    [Symbol.dispose]: () => state[Symbol.dispose](),
  };
}

/**
 * Opens the database of a fleet in a state folder, or a copy of a database file, to read it. `note` prints which damaged records kas
 * leaves out.
 *
 * @param fleet the name of the fleet. If absent, the state folder must have the journal of only one fleet
 */
export async function openStore(
  path: string,
  fleet: string | undefined,
  note: (line: string) => void,
): Promise<Store> {
  // These modules load node:sqlite, so kas imports them only for a state folder.
  const [{ Store }, { journalsIn }] = await Promise.all([
    import("../../autoscaler/store/store.ts"),
    import("../../autoscaler/store/folder/fleet_folders.ts"),
  ]);
  const state = opened(() => Store.read(chosen(path, fleet, placesIn(() => journalsIn(path)))));
  state.db.onDamage = (row, damage) => note(`Left out: ${row} of the journal is damaged (${damage})`);
  return state;
}

/** Returns the journals in a state folder, or none if kas cannot list them: opening the journal then reports why. */
function placesIn(list: () => readonly JournalPlace[]): readonly JournalPlace[] {
  try {
    return list();
  } catch {
    return [];
  }
}

/** Returns the folder of a fleet's journal. */
function chosen(state: string, fleet: string | undefined, places: readonly JournalPlace[]): string {
  const [only, ...others] = places;
  const names = places.map(({ fleet }) => fleet ?? "a fleet without a name").join(", ");
  if (fleet === undefined && others.length > 0) {
    throw new UsageError(
      `State folder ${state} has the journals of several fleets: ${names}`,
      "--fleet NAME",
    );
  }
  // An autoscaler of an earlier version may not have written the name of its fleet to the journal.
  const found = fleet === undefined ? only : places.find((place) => place.fleet === fleet) ??
    places.find((place) => place.fleet === undefined);
  if (found === undefined && only !== undefined) {
    throw new ExitError(`State folder ${state} has no journal of fleet ${fleet}, but of: ${names}`, 4);
  }
  return found?.path ?? state;
}

function opened<T>(open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (!(cause instanceof UnusableError)) throw cause;
    throw new ExitError(cause.message, 1, cause.hint, { cause });
  }
}

function read(journal: Journal, wanted: DecisionQuery): DecisionRecord | undefined {
  try {
    return journal.read(wanted);
  } catch (cause) {
    throw new ExitError((cause as Error).message, 1, undefined, { cause });
  }
}

/** Opens the journal of a fleet of a running autoscaler. If `fleet` is absent, the autoscaler must have only one fleet. */
export function openRemoteJournal(
  base: string,
  fleet: string | undefined,
  signal: AbortSignal,
): JournalReader {
  const choice = fleet === undefined ? "" : `&${new URLSearchParams({ fleet })}`;
  const records = (parameter: string): Promise<DecisionRecord[]> =>
    askAutoscaler(base, `decisions?${parameter}${choice}`, recordsIn, signal);
  return {
    lines: (limit) => askAutoscaler(base, `activities?limit=${limit}${choice}`, linesIn, signal),
    record: async (query) => {
      const [parameter = ""] = Object.entries(query).map(([name, value]) => `${name}=${value}`);
      return (await records(parameter))[0];
    },
    records: async function* () {
      for (let after = 0;;) {
        const page = await records(`after=${after}`);
        yield* page;
        const last = page.at(-1);
        if (last === undefined) return;
        after = last.id;
      }
    },
    [Symbol.dispose]: () => {},
  };
}

/** Reads the records in an answer. Each line has one record. Returns undefined if a line is not a record. */
function recordsIn(body: string): DecisionRecord[] | undefined {
  const records = body.split("\n").filter((line) => line !== "").map(toRecord);
  return records.every((record) => record !== undefined) ? records : undefined;
}

/** Reads the lines in an answer. Returns undefined if the answer is not a JSON array. */
function linesIn(body: string): readonly JournalLine[] | undefined {
  try {
    const lines: unknown = JSON.parse(body);
    return Array.isArray(lines) ? lines : undefined;
  } catch {
    return undefined;
  }
}
