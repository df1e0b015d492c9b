/**
 * Which folder contains the journal of which fleet. An autoscaler with one fleet keeps the journal in the state folder itself. If it gets
 * more fleets, this journal stays there, and the others are in `fleets/NAME`. So no journal moves.
 *
 * @module
 */
import { Database, unpack } from "../sqlite/database.ts";
import { readAs } from "../sqlite/migrations.ts";

/** A journal in a state folder. */
export interface JournalPlace {
  /** The name of the fleet. Undefined if the journal does not contain it. */
  readonly fleet: string | undefined;
  /** The folder of the journal. */
  readonly path: string;
}

/** How many decisions kas searches for the name of the fleet, in a journal that an earlier version of kas wrote. */
const SEARCHED = 1_000;

/**
 * Returns the folder of each fleet's journal.
 *
 * @param state the state folder, which the caller has locked
 * @param fleets the fleets of the autoscaler
 */
export function fleetFolders(state: string, fleets: readonly string[]): ReadonlyMap<string, string> {
  const first = firstFleet(state, fleets);
  return new Map(fleets.map((fleet) => [fleet, fleet === first ? state : folderOf(state, fleet)]));
}

/** Returns the fleet whose journal is in the state folder itself. */
function firstFleet(state: string, fleets: readonly string[]): string | undefined {
  const isElsewhere = (fleet: string) => hasJournal(folderOf(state, fleet));
  if (!hasJournal(state)) {
    return fleets.length === 1 ? fleets.find((fleet) => !isElsewhere(fleet)) : undefined;
  }
  return fleetOf(state) ?? fleets.find((fleet) => !isElsewhere(fleet));
}

/** Returns the journals in a state folder. */
export function journalsIn(state: string): readonly JournalPlace[] {
  return [
    ...(hasJournal(state) ? [{ fleet: fleetOf(state), path: state }] : []),
    ...foldersIn(`${state}/fleets`).map((fleet) => ({ fleet, path: folderOf(state, fleet) }))
      .filter(({ path }) => hasJournal(path)),
  ];
}

/** Writes the name of the fleet to its journal, if the journal does not contain a name. */
export function claimJournal(db: Database, fleet: string): void {
  if (nameIn(db) === undefined) db.prepare("INSERT INTO fleet (name) VALUES (?)").run(fleet);
}

function folderOf(state: string, fleet: string): string {
  return `${state}/fleets/${fleet}`;
}

/** Returns the fleet of the journal in a folder. Undefined if kas cannot read it: opening the journal later reports why. */
function fleetOf(folder: string): string | undefined {
  let db: Database | undefined;
  try {
    db = new Database(`${folder}/kas.db`, { readOnly: true });
    readAs(db);
    return nameIn(db) ?? observedFleet(db);
  } catch {
    return undefined;
  } finally {
    db?.close();
  }
}

function nameIn(db: Database): string | undefined {
  const name = db.prepare("SELECT name FROM fleet").get()?.name;
  return typeof name === "string" ? name : undefined;
}

/** Returns the fleet that the latest decisions observed. */
function observedFleet(db: Database): string | undefined {
  const rows = db.prepare("SELECT observation FROM decisions ORDER BY id DESC LIMIT ?").iterate(SEARCHED);
  for (const { observation } of rows) {
    const { fleet } = JSON.parse(unpack(observation as Uint8Array)) as { readonly fleet?: unknown };
    if (typeof fleet === "string") return fleet;
  }
  return undefined;
}

function hasJournal(folder: string): boolean {
  try {
    return Deno.statSync(`${folder}/kas.db`).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function foldersIn(path: string): readonly string[] {
  try {
    return [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name)
      .sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
