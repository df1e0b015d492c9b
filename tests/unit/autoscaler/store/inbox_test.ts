import { assertEquals } from "@std/assert";
import { Inbox } from "../../../../src/autoscaler/store/inbox.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";

const ENTRY = { kind: "notification", body: "an alarm" } as const;

Deno.test("Inbox.add() accepts a message only once, also after a restart and after the message was processed (R11)", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      using state = Store.open(folder);
      const inbox = new Inbox(state);
      assertEquals([inbox.add("m", ENTRY, 1), inbox.add("m", ENTRY, 2)], [true, false]);
    }
    {
      using state = Store.open(folder);
      const inbox = new Inbox(state);
      assertEquals(inbox.next("notification", 2), { ...ENTRY, id: "m", received: 1, attempts: 0 });
      inbox.done("m", 2);
    }
    using state = Store.open(folder);
    const inbox = new Inbox(state);
    assertEquals(inbox.next("notification", 3), undefined);
    inbox.prune(3 + 3_600_000);
    assertEquals(inbox.add("m", ENTRY, 3), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Inbox.next() returns the messages of a kind in the order of their arrival", () => {
  using state = Store.memory();
  const inbox = new Inbox(state);
  inbox.add("b", ENTRY, 5);
  inbox.add("a", ENTRY, 5);
  inbox.add("c", { kind: "confirmation", body: "token" }, 4);
  assertEquals(inbox.next("confirmation", 5)?.id, "c");
  for (const id of ["b", "a"]) {
    assertEquals(inbox.next("notification", 5)?.id, id);
    inbox.done(id, 5);
  }
  assertEquals(inbox.next("notification", 5), undefined);
});

Deno.test("Inbox.postpone() doubles the delay each time, up to 10 s", () => {
  using state = Store.memory();
  const inbox = new Inbox(state);
  inbox.add("m", ENTRY, 0);
  const waits: number[] = [];
  for (let now = 0; waits.length < 9;) {
    const message = inbox.next("notification", now);
    if (message === undefined) throw new Error("it is due");
    inbox.postpone(message, now);
    const wait = inbox.dueIn("notification", now) ?? NaN;
    assertEquals(inbox.next("notification", now + wait - 1), undefined);
    waits.push(wait);
    now += wait;
  }
  assertEquals(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
});

Deno.test("Inbox.next() returns a postponed message even if the clock was set back after the postponement (R12)", () => {
  using state = Store.memory();
  const inbox = new Inbox(state);
  const hour = 3_600_000;
  inbox.add("m", ENTRY, hour);
  const message = inbox.next("notification", hour);
  if (message !== undefined) inbox.postpone(message, hour);
  assertEquals(inbox.next("notification", hour), undefined);
  assertEquals([inbox.dueIn("notification", hour), inbox.dueIn("notification", 0)], [250, 0]);
  assertEquals(inbox.next("notification", 0)?.id, "m");
});

Deno.test("Inbox.postpone() makes the next message available", () => {
  using state = Store.memory();
  const inbox = new Inbox(state);
  inbox.add("first", ENTRY, 0);
  inbox.add("second", ENTRY, 0);
  const first = inbox.next("notification", 0);
  if (first !== undefined) inbox.postpone(first, 0);
  assertEquals(inbox.next("notification", 0)?.id, "second");
});

Deno.test("Inbox.done() deletes the body of a message, which may contain a token", () => {
  using state = Store.memory();
  const inbox = new Inbox(state);
  inbox.add("m", { kind: "confirmation", body: "secret" }, 0);
  inbox.done("m", 1);
  assertEquals(state.db.prepare("SELECT body FROM messages").get()?.body, null);
});

/** Returns the names of the files in a folder that contain a text. */
async function filesWith(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const bytes = await Deno.readFile(`${folder}/${name}`);
    if (new TextDecoder("latin1").decode(bytes).includes(text)) found.push(name);
  }
  return found;
}

/** Runs a test with a new folder, and deletes the folder afterwards. */
async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("after Inbox.erase() no file contains a processed token, whatever else the inbox stored in between", () =>
  withFolder(async (folder) => {
    using state = Store.open(folder);
    const inbox = new Inbox(state);
    for (let n = 0; n < 400; n++) {
      inbox.add(`n${n}`, { ...ENTRY, body: "an alarm ".repeat(n) }, n);
      if (n % 10 === 0) inbox.add(`t${n}`, { kind: "confirmation", body: `TOKEN${n}` }, n);
      if (n >= 100) inbox.done(`n${n - 100}`, n);
    }
    assertEquals((await filesWith(folder, "TOKEN")).includes("kas.db-wal"), true);
    for (let n = 0; n < 400; n += 10) inbox.done(`t${n}`, 400);
    inbox.erase();
    assertEquals(await filesWith(folder, "TOKEN"), []);
  }));

Deno.test("Inbox.prune() erases a token that a reader of the database, or the end of another process, left in a file", () =>
  withFolder((folder) =>
    withFolder(async (killed) => {
      using state = Store.open(folder);
      const inbox = new Inbox(state);
      inbox.add("m", { kind: "confirmation", body: "TOKEN" }, 0);
      {
        using reading = Store.read(folder);
        reading.db.exec("BEGIN");
        reading.db.prepare("SELECT * FROM messages").all();
        inbox.done("m", 1);
        inbox.erase();
        for (const name of ["kas.db", "kas.db-wal"]) {
          await Deno.copyFile(`${folder}/${name}`, `${killed}/${name}`);
        }
      }
      assertEquals(
        await Promise.all([folder, killed].map((it) => filesWith(it, "TOKEN"))),
        [["kas.db-wal"], ["kas.db-wal"]],
      );
      inbox.prune(2);
      using restarted = Store.open(killed);
      new Inbox(restarted).prune(2);
      assertEquals(await Promise.all([folder, killed].map((it) => filesWith(it, "TOKEN"))), [[], []]);
    })
  ));

Deno.test("Inbox.prune() deletes a message one day after its processing, and keeps unprocessed messages", () => {
  using state = Store.memory();
  const inbox = new Inbox(state);
  inbox.add("done", ENTRY, 0);
  inbox.add("waits", ENTRY, 0);
  inbox.done("done", 1);
  inbox.prune(2 + 24 * 3_600_000);
  assertEquals(inbox.add("done", ENTRY, 2), true);
  assertEquals(inbox.add("waits", ENTRY, 2), false);
});

Deno.test("Inbox stores the time at which SNS sent a notification", async () => {
  const folder = await Deno.makeTempDir();
  try {
    using store = Store.open(folder);
    const inbox = new Inbox(store);
    inbox.add("old", { kind: "notification", body: "{}" }, 5);
    assertEquals(inbox.next("notification", 5)?.sent, undefined);
    inbox.done("old", 5);
    inbox.add("new", { kind: "notification", body: "{}", sent: 4 }, 5);
    assertEquals(inbox.next("notification", 5)?.sent, 4);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
