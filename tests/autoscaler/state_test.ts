import { assertEquals, assertThrows } from "@std/assert";
import { State } from "../../src/autoscaler/state.ts";
import { ExitError } from "../../src/cli/command.ts";

async function withFolder(test: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("State.open() creates the folder, for its owner's eyes alone", () =>
  withFolder((folder) => {
    using _state = State.open(`${folder}/a/b`);
    assertEquals((Deno.statSync(`${folder}/a/b`).mode ?? 0) & 0o777, 0o700);
  }));

Deno.test("State.open() refuses a folder that another autoscaler has, until that one is gone", () =>
  withFolder((folder) => {
    const first = State.open(folder);
    assertThrows(() => State.open(folder), ExitError, "another autoscaler is using it");
    first[Symbol.dispose]();
    State.open(folder)[Symbol.dispose]();
  }));

Deno.test("State.open() says in one line that a folder can't be used, and lets go of its lock", () =>
  withFolder((folder) => {
    Deno.mkdirSync(`${folder}/kas.db`);
    assertThrows(() => State.open(folder), ExitError, `Cannot use state folder ${folder}: `);
    Deno.removeSync(`${folder}/kas.db`);
    State.open(folder)[Symbol.dispose]();
    assertThrows(() => State.open(`${folder}/kas.db`), ExitError, "Cannot use state folder");
  }));

Deno.test("State.open() refuses a schema of another version, and leaves it as it is", () =>
  withFolder((folder) => {
    {
      using state = State.open(folder);
      state.db.exec("PRAGMA user_version = 99");
    }
    assertThrows(() => State.open(folder), ExitError, "its schema is version 99");
    assertThrows(() => State.read(folder), ExitError, "its schema is version 99");
  }));

Deno.test("State.read() reads while an autoscaler is writing and after it is gone, and can't write", () =>
  withFolder((folder) => {
    {
      using writing = State.open(folder);
      using reading = State.read(folder);
      writing.db.exec("INSERT INTO in_service VALUES ('i-1', 7)");
      assertEquals(reading.db.prepare("SELECT since FROM in_service").get()?.since, 7);
      assertThrows(() => reading.db.exec("DELETE FROM in_service"));
    }
    using reading = State.read(folder);
    assertEquals(reading.db.prepare("SELECT since FROM in_service").get()?.since, 7);
  }));

Deno.test("State.read() says that there is no journal", () =>
  withFolder((folder) => {
    assertThrows(() => State.read(`${folder}/none`), ExitError, `Cannot read journal ${folder}/none/kas.db`);
  }));

Deno.test("State.transaction() carries out all or nothing", () => {
  using state = State.memory();
  assertThrows(() =>
    state.transaction(() => {
      state.db.exec("INSERT INTO in_service VALUES ('i-1', 7)");
      throw new RangeError("half way");
    }), RangeError);
  assertEquals(state.db.prepare("SELECT * FROM in_service").all(), []);
});
