import { assertEquals, assertThrows } from "@std/assert";
import { Store } from "../../../../../src/autoscaler/store/store.ts";
import { UnusableError } from "../../../../../src/autoscaler/store/folder/unusable.ts";
import { root, testWith } from "../../../../support/needs.ts";

/** Runs a test with a state folder that an autoscaler has used and closed, and with a copy of each file that SQLite may leave. */
async function withUsedFolder(test: (folder: string) => void): Promise<void> {
  const parent = await Deno.makeTempDir();
  const folder = `${parent}/state`;
  try {
    Store.open(folder)[Symbol.dispose]();
    for (const name of ["kas.db-wal", "kas.db-shm"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "", { mode: 0o600 });
    }
    test(folder);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

/** The entries of a state folder. "" is the folder itself. */
const ENTRIES = ["", "/kas.db", "/kas.db-wal", "/kas.db-shm", "/kas.lock", "/config"] as const;

/** Opens a state folder, to write or to read. Returns the hint of its refusal. */
function refusal(open: (folder: string) => Store, folder: string) {
  return assertThrows(() => open(folder), UnusableError).hint;
}

for (const entry of ENTRIES) {
  for (const mode of [0o770, 0o702] as const) {
    const who = mode === 0o770 ? "its group" : "everybody";
    Deno.test(`Store.open() and Store.read() refuse a state folder whose ${entry || "folder"} ${who} can write, until chmod`, () =>
      withUsedFolder((folder) => {
        const path = folder + entry;
        if (entry === "/config") Deno.mkdirSync(path);
        Deno.chmodSync(path, mode);
        for (const open of [Store.open, Store.read]) {
          assertEquals(refusal(open, folder), ["chmod", "go-w", path]);
        }
        Deno.chmodSync(path, 0o700);
        for (const open of [Store.open, Store.read]) open(folder)[Symbol.dispose]();
      }));
  }

  testWith(
    [root()],
    `Store.open() refuses a state folder whose ${entry || "folder"} another user owns`,
    () =>
      withUsedFolder((folder) => {
        const path = folder + entry;
        if (entry === "/config") Deno.mkdirSync(path);
        Deno.chownSync(path, 12_345, null);
        assertEquals(refusal(Store.open, folder), ["chown", String(Deno.uid()), path]);
        Deno.chownSync(path, Deno.uid(), null);
        Store.open(folder)[Symbol.dispose]();
      }),
  );
}

testWith(
  [root()],
  "Store.read() reads the state folder of a service's user, but no file in it that a third user owns",
  () =>
    withUsedFolder((folder) => {
      for (const entry of ENTRIES.slice(0, -1)) Deno.chownSync(folder + entry, 12_345, null);
      Store.read(folder)[Symbol.dispose]();
      Deno.chownSync(`${folder}/kas.db`, 12_346, null);
      assertEquals(refusal(Store.read, folder), ["chown", "12345", `${folder}/kas.db`]);
    }),
);

Deno.test("Store.read() reads a database file even if other users can write it, because an operator may have copied it", () =>
  withUsedFolder((folder) => {
    Deno.chmodSync(`${folder}/kas.db`, 0o666);
    Store.read(`${folder}/kas.db`)[Symbol.dispose]();
  }));

for (const name of ["kas.db", "kas.db-wal", "kas.db-shm", "kas.lock"]) {
  Deno.test(`Store.open() and Store.read() refuse a ${name} that is a symbolic link or a folder`, () =>
    withUsedFolder((folder) => {
      const path = `${folder}/${name}`;
      Deno.renameSync(path, `${folder}/elsewhere`);
      Deno.symlinkSync(`${folder}/elsewhere`, path);
      for (const open of [Store.open, Store.read]) {
        assertEquals(refusal(open, folder), ["mv", path, `${path}.old`]);
      }
      Deno.removeSync(path);
      Deno.mkdirSync(path);
      for (const open of [Store.open, Store.read]) {
        assertEquals(refusal(open, folder), ["mv", path, `${path}.old`]);
      }
    }));
}

Deno.test("Store.open() accepts a symbolic link to a state folder, which systemd creates, and checks the folder itself", () =>
  withUsedFolder((folder) => {
    const link = `${folder}.link`;
    Deno.symlinkSync(folder, link);
    Store.open(link)[Symbol.dispose]();
    Deno.chmodSync(folder, 0o777);
    assertEquals(refusal(Store.open, link), ["chmod", "go-w", folder]);
  }));

for (const mask of [0o000, 0o077, 0o777]) {
  Deno.test(`with umask ${mask.toString(8)}, the folder that Store.open() creates has mode 700 and its files 600`, async () => {
    const parent = await Deno.makeTempDir();
    const before = Deno.umask(mask);
    try {
      using _store = Store.open(`${parent}/a/state`);
      const mode = (path: string) => ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
      assertEquals([mode(`${parent}/a`), mode(`${parent}/a/state`)], ["700", "700"]);
      const files = (await Array.fromAsync(Deno.readDir(`${parent}/a/state`))).map(({ name }) => name);
      assertEquals(files.toSorted(), ["kas.db", "kas.db-shm", "kas.db-wal", "kas.lock"]);
      for (const name of files) assertEquals(mode(`${parent}/a/state/${name}`), "600", name);
    } finally {
      Deno.umask(before);
      await Deno.remove(parent, { recursive: true });
    }
  });
}
