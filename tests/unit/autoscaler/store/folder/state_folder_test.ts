import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Store } from "../../../../../src/autoscaler/store/store.ts";
import { UnusableError } from "../../../../../src/autoscaler/store/folder/unusable.ts";

/** Runs a test with the path of a state folder. */
async function withPath(test: (path: string) => void | Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await test(`${parent}/state`);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

/** What somebody deletes, and the path of the state folder with which a second autoscaler then starts. */
const DELETIONS: readonly [what: string, change: (path: string) => string][] = [
  ["its lock file is deleted", (path) => {
    Deno.removeSync(`${path}/kas.lock`);
    return path;
  }],
  ["its lock file is deleted and made again", (path) => {
    Deno.removeSync(`${path}/kas.lock`);
    Deno.writeTextFileSync(`${path}/kas.lock`, "", { mode: 0o600 });
    return path;
  }],
  ["all its files are deleted", (path) => {
    for (const { name } of [...Deno.readDirSync(path)]) Deno.removeSync(`${path}/${name}`);
    return path;
  }],
  ["it is moved", (path) => {
    Deno.renameSync(path, `${path}.moved`);
    return `${path}.moved`;
  }],
  ["it gets a second name", (path) => {
    Deno.symlinkSync(path, `${path}.link`);
    return `${path}.link`;
  }],
];

for (const [what, change] of DELETIONS) {
  Deno.test(`no second autoscaler can use a state folder while the first one uses it, also after ${what}`, () =>
    withPath((path) => {
      const first = Store.open(path);
      const second = change(path);
      assertThrows(() => Store.open(second), UnusableError, "another autoscaler is using it");
      first[Symbol.dispose]();
      Store.open(second)[Symbol.dispose]();
    }));
}

for (const name of ["kas.lock", "kas.db", "kas.db-wal"]) {
  Deno.test(`Store.synced() rejects after somebody deleted or replaced ${name}`, () =>
    withPath(async (path) => {
      using store = Store.open(path);
      await store.synced();
      await Deno.rename(`${path}/${name}`, `${path}/${name}.moved`);
      await assertRejects(() => store.synced(), UnusableError);
      await Deno.copyFile(`${path}/${name}.moved`, `${path}/${name}`);
      await assertRejects(() => store.synced(), UnusableError);
      assertThrows(() => store.checkPlace(), UnusableError);
    }));
}

Deno.test("after somebody replaced its folder, an autoscaler cannot sync, and its end does not change the files of the next autoscaler", () =>
  withPath(async (path) => {
    const first = Store.open(path);
    await Deno.remove(path, { recursive: true });
    using second = Store.open(path);
    second.db.exec("INSERT INTO in_service (instance, since) VALUES ('i-1', 7)");
    await assertRejects(() => first.synced(), UnusableError);
    first[Symbol.dispose]();
    assert((await Deno.stat(`${path}/kas.db-wal`)).size > 0);
    await second.synced();
    using reading = Store.read(path);
    assertEquals(reading.db.prepare("SELECT since FROM in_service").get()?.since, 7);
  }));
