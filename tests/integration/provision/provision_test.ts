import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually, execute } from "../../support/kas.ts";
import { program, testWith } from "../../support/needs.ts";
import { GOOD_BINARY, type Host, HOSTS, makeHosts, results } from "./hosts.ts";

/** A program that ends well, of so many bytes. */
async function binaryOf(folder: string, bytes: number): Promise<string> {
  const path = `${folder}/binary-${bytes}`;
  await Deno.copyFile(GOOD_BINARY, path);
  await Deno.truncate(path, bytes);
  return path;
}

/** Has a part of a host be a disk of its own that is so small, until it is disposed of. */
async function smallDisk({ folder }: Host, part: string, size: string): Promise<AsyncDisposable> {
  const [at, saved] = [`${folder}/${part}`, `${folder}/saved`];
  const words = [
    ["cp", "-a", at, saved],
    ["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", at],
    ["cp", "-a", `${saved}/.`, at],
  ];
  for (const command of words) assertEquals((await execute(command)).stderr, "");
  return { [Symbol.asyncDispose]: async () => void await execute(["umount", at]) };
}

testWith(
  HOSTS,
  "provision --dry-run says what it would do, a line an action, and changes nothing",
  async () => {
    await using it = await makeHosts("one", "two");
    const [one, two] = it.hosts;
    assert(one && two);
    const before = await one.state();
    const { code, stdout, stderr } = await it.provision(["--dry-run", "--binary", GOOD_BINARY, "one", "two"]);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^one: binary: mv -f \/usr\/local\/bin\/\.kas\.new \/usr\/local\/bin\/kas$/m);
    assertMatch(stdout, /^two: verify: \/usr\/local\/bin\/kas admin ping /m);
    assertEquals([await one.state(), await one.calls()], [before, []]);

    // What was cut off is undone by the next run, and a dry run is none.
    await Deno.mkdir(`${one.folder}/var/lib/kas-provision`);
    await Deno.writeTextFile(`${one.folder}/var/lib/kas-provision/undo`, "rm -f /etc/half-done\n");
    await Deno.writeTextFile(`${one.folder}/etc/half-done`, "");
    const left = await one.state();
    const again = await it.provision(["--dry-run", "--binary", GOOD_BINARY, "one"]);
    assertMatch(again.stdout, /^one: undo what a run left that was cut off\none: binary: /);
    assertEquals(await one.state(), left);
    assertEquals((await it.provision(["--binary", GOOD_BINARY, "one"])).code, 0);
    assert(!(await one.state()).includes("half-done"));
  },
);

testWith(HOSTS, "provision takes as many hosts at a time as --parallel says, and no more", async () => {
  const names = ["a", "b", "c", "d", "e"];
  await using it = await makeHosts(...names);
  // Each host that has begun goes on once another one has too.
  for (const host of it.hosts) await host.hold(1);
  await using kas = it.start(["--parallel", "2", "--binary", GOOD_BINARY, ...names]);
  await using _letting = it.lettingGo();
  const begun = async () => (await it.log()).filter((line) => line.startsWith("begin"));
  const held = async () => (await Promise.all(it.hosts.map((host) => host.held()))).filter(Boolean);
  await eventually(held, ({ length }) => length === 2);
  assertEquals((await begun()).toSorted(), ["begin a", "begin b"]);
  for (const host of it.hosts) await host.letGo();
  assertEquals((await kas.status).code, 0, kas.lines.join("\n"));

  let most = 0;
  const open = new Set<string>();
  for (const line of await it.log()) {
    const [what, name = ""] = line.split(" ");
    if (what === "begin") open.add(name);
    else open.delete(name);
    most = Math.max(most, open.size);
  }
  assertEquals(most, 2);
  const rows = kas.lines.filter((line) => line.includes("\tverify\tdone\t"));
  assertEquals(rows.map((line) => line.split("\t")[0]).toSorted(), names);
});

testWith(HOSTS, "Ctrl-C in the middle of the copy leaves the host as it was, and says so", async () => {
  await using it = await makeHosts("one", "two");
  const [one] = it.hosts;
  assert(one);
  assertEquals((await it.provision(["--binary", GOOD_BINARY, "one"])).code, 0);
  const before = await one.state();
  // A small part of it has come when it is interrupted.
  await one.hold(2_000_000);
  await using kas = it.start([
    "--parallel",
    "1",
    "--binary",
    await binaryOf(it.folder, 100_000_000),
    "one",
    "two",
  ]);
  await using _letting = it.lettingGo();
  await eventually(() => one.held(), Boolean);
  kas.kill("SIGINT");
  await one.letGo();
  const { code } = await kas.status;
  const said = kas.lines.join("\n");
  assertEquals(code, 130, said);
  assertStringIncludes(said, "kas: one: interrupted in the copy");
  assertStringIncludes(said, "one\tundo\tundone");
  assertStringIncludes(said, "kas: Interrupted; not begun: two");
  assertEquals(await one.state(), before);
});

testWith(
  [...HOSTS, program("mount")],
  "a host whose disk is too small for the executable is left alone",
  async () => {
    await using it = await makeHosts("one");
    const [one] = it.hosts;
    assert(one);
    await using _disk = await smallDisk(one, "usr/local", "1m");
    const ended = await it.provision(["--binary", await binaryOf(it.folder, 30_000_000), "one"]);
    assertEquals(ended.code, 1);
    assertEquals(ended.stderr, "kas: one: it has 1 MB free below /usr/local, and kas takes 30 MB\n");
    assertEquals(await one.calls(), []);
  },
);

/** Where a disk is full, in which step that is found, and what is told. */
const FULL: readonly [what: string, part: string, step: string, told: RegExp][] = [
  [
    "below /usr/local, though there was room when it was looked at",
    "usr/local",
    "binary",
    /install -m 0755 \/dev\/stdin \/usr\/local\/bin\/\.kas\.new failed\n {2}install: .*No space left on device/,
  ],
  ["below /etc", "etc", "files", /install -D .* failed\n {2}install: .*No space left on device/],
  [
    "where it is written down how to undo it",
    "var/lib",
    "binary",
    /writing to \/var\/lib\/kas-provision failed\n {2}.*No space left on device/,
  ],
];

for (const [what, part, step, told] of FULL) {
  testWith(
    [...HOSTS, program("mount")],
    `a disk that is full ${what} is told, and nothing stays half done`,
    async () => {
      await using it = await makeHosts("one");
      const [one] = it.hosts;
      assert(one);
      await using _disk = await smallDisk(one, part, "64k");
      const full = `cat /dev/zero >${one.folder}/${part}/full`;
      assertMatch((await execute(["bash", "-c", full])).stderr, /No space left on device/);
      // As it was before something else took the room.
      await Deno.writeTextFile(`${one.folder}/bin/df`, "#!/bin/sh\necho Avail\necho 900000000\n", {
        mode: 0o755,
      });
      const before = await one.state();
      const ended = await it.provision(["--binary", await binaryOf(it.folder, 2_000_000), "one"]);
      assertEquals(ended.code, 1);
      assertEquals(results(ended)[`one ${step}`], "failed", ended.stderr);
      assertEquals(results(ended)["one undo"], "undone");
      assertMatch(ended.stderr, told);
      assertEquals(await one.state(), before);
    },
  );
}
