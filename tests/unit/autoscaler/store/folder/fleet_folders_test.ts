import { assert, assertEquals } from "@std/assert";
import {
  claimJournal,
  fleetFolders,
  journalsIn,
} from "../../../../../src/autoscaler/store/folder/fleet_folders.ts";
import { Journal } from "../../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../../src/autoscaler/store/store.ts";
import { NO_ACTION } from "../../../../support/decisions.ts";
import { OBSERVATION, OUT } from "../../../scaling/fixtures.ts";

/** Creates the journal of a fleet in a state folder, as an autoscaler with these fleets does. */
function start(state: string, fleets: readonly string[]): void {
  for (const [fleet, folder] of fleetFolders(state, fleets)) {
    using store = Store.open(folder);
    claimJournal(store.db, fleet);
  }
}

/** Returns the folders of the fleets, without the state folder. */
function foldersOf(state: string, fleets: readonly string[]): string[] {
  return [...fleetFolders(state, fleets).values()].map((folder) => folder.replace(state, ""));
}

async function withFolder(test: (state: string) => void | Promise<void>): Promise<void> {
  const state = await Deno.makeTempDir();
  try {
    await test(state);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

Deno.test("one fleet has its journal in the state folder itself, and each of several new fleets in a folder of its own", () =>
  withFolder((state) => {
    assertEquals(foldersOf(state, ["web"]), [""]);
    assertEquals(foldersOf(state, ["web", "jobs"]), ["/fleets/web", "/fleets/jobs"]);
  }));

Deno.test("a fleet keeps its journal when others join it, and when it is alone again", () =>
  withFolder((state) => {
    start(state, ["web"]);
    assertEquals(foldersOf(state, ["jobs", "web"]), ["/fleets/jobs", ""]);
    start(state, ["jobs", "web"]);
    assertEquals(foldersOf(state, ["web"]), [""]);
    assertEquals(foldersOf(state, ["jobs"]), ["/fleets/jobs"]);
    assertEquals(foldersOf(state, ["other"]), ["/fleets/other"]);
  }));

Deno.test("a fleet that began as one of several keeps its journal when it is alone", () =>
  withFolder((state) => {
    start(state, ["web", "jobs"]);
    assertEquals(foldersOf(state, ["jobs"]), ["/fleets/jobs"]);
    assertEquals(foldersOf(state, ["other"]), [""]);
  }));

Deno.test("a journal of an earlier version belongs to the fleet that its decisions observed", () =>
  withFolder((state) => {
    {
      using store = Store.open(state);
      const journal = new Journal(store);
      journal.record({
        trigger: OUT,
        observation: { ...OBSERVATION, fleet: "web" },
        decision: NO_ACTION,
        dryRun: false,
      });
      const unobserved = { kind: "unobserved", now: OBSERVATION.now } as const;
      journal.record({ trigger: OUT, observation: unobserved, decision: NO_ACTION, dryRun: false });
      store.db.exec("DROP TABLE fleet; PRAGMA user_version = 10");
    }
    assertEquals(foldersOf(state, ["jobs", "web"]), ["/fleets/jobs", ""]);
    assertEquals(journalsIn(state), [{ fleet: "web", path: state }]);
  }));

Deno.test("a journal whose fleet kas cannot tell belongs to the first fleet that has no other journal", () =>
  withFolder(async (state) => {
    start(state, ["web", "jobs"]);
    await Deno.writeTextFile(`${state}/kas.db`, "this is not a database");
    assertEquals(foldersOf(state, ["web", "new", "jobs"]), ["/fleets/web", "", "/fleets/jobs"]);
  }));

Deno.test("journalsIn() lists the journals of a state folder with their fleets", () =>
  withFolder(async (state) => {
    assertEquals(journalsIn(state), []);
    start(state, ["web"]);
    start(state, ["web", "jobs"]);
    await Deno.mkdir(`${state}/fleets/empty`);
    assertEquals(journalsIn(state), [
      { fleet: "web", path: state },
      { fleet: "jobs", path: `${state}/fleets/jobs` },
    ]);
  }));

Deno.test("claimJournal() does not replace the name of the fleet", () =>
  withFolder((state) => {
    using store = Store.open(state);
    claimJournal(store.db, "web");
    claimJournal(store.db, "jobs");
    assertEquals(store.db.prepare("SELECT name FROM fleet").all().map(({ name }) => name), ["web"]);
    assert(journalsIn(state).every(({ fleet }) => fleet === "web"));
  }));
