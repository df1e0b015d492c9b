import { hintText } from "../../../../src/cli/command_line.ts";
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { UnusableError } from "../../../../src/autoscaler/store/folder/unusable.ts";
import { Syncs } from "./syncs.ts";

async function withFolder(test: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Store.open() creates the state folder, which only its owner can read", () =>
  withFolder((folder) => {
    using _state = Store.open(`${folder}/a/b`);
    assertEquals((Deno.statSync(`${folder}/a/b`).mode ?? 0) & 0o777, 0o700);
  }));

Deno.test("Store.open() rejects a folder while a different autoscaler uses the folder", () =>
  withFolder((folder) => {
    const first = Store.open(folder);
    assertThrows(() => Store.open(folder), UnusableError, "another autoscaler is using it");
    first[Symbol.dispose]();
    Store.open(folder)[Symbol.dispose]();
  }));

Deno.test("Store.open() throws one error for an unusable folder, and releases its lock", () =>
  withFolder((folder) => {
    Deno.mkdirSync(`${folder}/kas.db`);
    assertThrows(() => Store.open(folder), UnusableError, `Cannot use state folder ${folder}: `);
    Deno.removeSync(`${folder}/kas.db`);
    Store.open(folder)[Symbol.dispose]();
    assertThrows(() => Store.open(`${folder}/kas.db`), UnusableError, "Cannot use state folder");
    // Not even root can write to this folder.
    assertThrows(() => Store.open("/proc/kas"), UnusableError, "Cannot use state folder /proc/kas: ");
  }));

Deno.test("Store.open() and Store.read() reject a newer schema with a one-line error, and do not change the file", () =>
  withFolder((folder) => {
    {
      using state = Store.open(folder);
      state.db.exec("PRAGMA journal_mode = DELETE; PRAGMA user_version = 99");
    }
    const path = `${folder}/kas.db`;
    const before = Deno.readFileSync(path);
    for (const open of [Store.open, Store.read]) {
      const { message, hint } = assertThrows(() => open(folder), UnusableError);
      assertMatch(message, /^Cannot \S.* \/.*kas\.db: .*schema version 99; this kas supports up to \d+\)/);
      assertMatch(hintText(hint), /upgrade kas/);
      assertEquals(message.includes("\n"), false);
    }
    assertEquals(Deno.readFileSync(path), before);
    // The store has released its lock.
    Deno.removeSync(path);
    Store.open(folder)[Symbol.dispose]();
  }));

Deno.test("Store.read() can read while an autoscaler writes, and cannot write itself", () =>
  withFolder((folder) => {
    {
      using writing = Store.open(folder);
      using reading = Store.read(folder);
      writing.db.exec("INSERT INTO in_service (instance, since) VALUES ('i-1', 7)");
      assertEquals(reading.db.prepare("SELECT since FROM in_service").get()?.since, 7);
      assertThrows(() => reading.db.exec("DELETE FROM in_service"));
    }
    using reading = Store.read(folder);
    assertEquals(reading.db.prepare("SELECT since FROM in_service").get()?.since, 7);
  }));

Deno.test("Store.read() throws an error if there is no journal", () =>
  withFolder((folder) => {
    assertThrows(
      () => Store.read(`${folder}/none`),
      UnusableError,
      `Cannot read journal ${folder}/none/kas.db`,
    );
  }));

Deno.test("Store.transaction() rolls back if its function throws an error", () => {
  using state = Store.memory();
  assertThrows(() =>
    state.transaction(() => {
      state.db.exec("INSERT INTO in_service (instance, since) VALUES ('i-1', 7)");
      throw new RangeError("half way");
    }), RangeError);
  assertEquals(state.db.prepare("SELECT * FROM in_service").all(), []);
});

/** The ways in which a test damages kas.db. */
const DAMAGES: Readonly<Record<string, (sound: Uint8Array<ArrayBuffer>) => Uint8Array>> = {
  "is cut off": (sound) => sound.slice(0, sound.length / 2),
  "is cut off in its first page": (sound) => sound.slice(0, 100),
  "has a hole": (sound) => sound.fill(0, 4_096 * 8, 4_096 * 12),
  "is not a database": () => new TextEncoder().encode("#!/bin/sh\n".repeat(1_000)),
};

for (const [how, damage] of Object.entries(DAMAGES)) {
  Deno.test(`Store.open() rejects a kas.db that ${how}, with a hint, and does not change the file (R13)`, () =>
    withFolder((folder) => {
      {
        using state = Store.open(folder);
        const insert = state.db.prepare("INSERT INTO in_service (instance, since) VALUES (?, 7)");
        state.transaction(() => {
          for (let i = 0; i < 2_000; i++) insert.run(`i-${"0".repeat(60)}${i}`);
        });
      }
      const path = `${folder}/kas.db`;
      const damaged = damage(Deno.readFileSync(path));
      Deno.writeFileSync(path, damaged);
      const error = assertThrows(
        () => Store.open(folder),
        UnusableError,
        `Cannot use state folder ${folder}: kas.db: `,
      );
      assertEquals(error.hint, ["mv", folder, `${folder}.damaged`]);
      assertEquals(error.message.includes("\n"), false);
      assertEquals(Deno.readFileSync(path), damaged);
      // The store has released its lock.
      Deno.removeSync(path);
      Store.open(folder)[Symbol.dispose]();
    }));
}

/** Resolves after all pending promise callbacks have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("Store.synced() syncs the log to disk, and calls during a sync share the next sync", () =>
  withFolder(async (folder) => {
    const syncs = new Syncs();
    using state = Store.open(folder, syncs);
    using _hanging = syncs.hang();
    const done: string[] = [];
    const ask = (who: string) => void state.synced().then(() => done.push(who));
    ask("first");
    await settled();
    ask("second");
    ask("third");
    await settled();
    const [first, ...none] = syncs.begun;
    assertEquals([done, none], [[], []]);
    first?.end.resolve();
    await settled();
    const [, second, ...others] = syncs.begun;
    assertEquals([done, others], [["first"], []]);
    second?.end.resolve();
    await settled();
    assertEquals(done, ["first", "second", "third"]);
    const { ino } = await Deno.stat(`${folder}/kas.db-wal`);
    assertEquals(syncs.begun.map(({ inode }) => inode), [ino, ino]);
  }));

Deno.test("Store.synced() rejects only the calls whose sync fails", () =>
  withFolder(async (folder) => {
    const syncs = new Syncs();
    using state = Store.open(folder, syncs);
    using _hanging = syncs.hang();
    const [first, second] = [state.synced(), settled().then(() => state.synced())];
    await settled();
    await settled();
    syncs.begun[0]?.end.reject(new Error("Input/output error"));
    await assertRejects(() => first, Error, "Input/output error");
    await settled();
    syncs.begun[1]?.end.resolve();
    await second;
  }));

Deno.test("after a failed sync, Store.synced() copies the log into the database", () =>
  withFolder(async (folder) => {
    const syncs = new Syncs();
    using state = Store.open(folder, syncs);
    // What the database has without its log.
    const alone = async () => {
      await Deno.copyFile(`${folder}/kas.db`, `${folder}/copy.db`);
      using copy = Store.read(`${folder}/copy.db`);
      return copy.db.prepare("SELECT since FROM in_service").all().map(({ since }) => since);
    };
    state.db.exec("INSERT INTO in_service (instance, since) VALUES ('i-1', 7)");
    {
      using _failing = syncs.fail(new Error("Input/output error"));
      await assertRejects(() => state.synced(), Error, "Input/output error");
    }
    await state.synced();
    assertEquals(await alone(), [7]);
  }));
