import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually, execute } from "../../support/kas.ts";
import { program, testWith } from "../../support/needs.ts";
import { GOOD_BINARY, type Host, HOSTS, makeHosts, results } from "./hosts.ts";

/** Writes an executable of a given size that exits with status 0. */
async function binaryOf(folder: string, bytes: number): Promise<string> {
  const path = `${folder}/binary-${bytes}`;
  await Deno.copyFile(GOOD_BINARY, path);
  await Deno.truncate(path, bytes);
  return path;
}

/** Mounts a small disk over a folder of a host. The disposal of the result unmounts the disk. */
async function smallDisk({ folder }: Host, part: string, size: string): Promise<AsyncDisposable> {
  const [at, saved] = [`${folder}/${part}`, `${folder}/saved`];
  const setUp = [
    ["cp", "-a", at, saved],
    ["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", at],
    ["cp", "-a", `${saved}/.`, at],
  ];
  for (const command of setUp) assertEquals((await execute(command)).stderr, "");
  return { [Symbol.asyncDispose]: async () => void await execute(["umount", at]) };
}

testWith(
  HOSTS,
  "provision --dry-run prints the commands and changes nothing",
  async () => {
    await using it = await makeHosts("one", "two");
    const [one, two] = it.hosts;
    assert(one && two);
    const before = await one.state();
    const { code, stdout, stderr } = await it.provision([
      "--dry-run",
      "--role",
      "worker",
      "--binary",
      GOOD_BINARY,
      "one",
      "two",
    ]);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^one: binary: mv -f \/usr\/local\/bin\/\.kas\.new \/usr\/local\/bin\/kas$/m);
    assertMatch(stdout, /^two: verify: \/usr\/local\/bin\/kas admin ping /m);
    assertEquals([await one.state(), await one.calls()], [before, []]);

    // The next run rolls back an interrupted run. A dry run only prints that it would do this.
    await Deno.mkdir(`${one.folder}/var/lib/kas-provision`);
    // kas runs the last rollback command first. In the opposite order, the file half-done would remain.
    const undo = "rm /etc/half-done\nmv /etc/half-done.moved /etc/half-done\n";
    await Deno.writeTextFile(`${one.folder}/var/lib/kas-provision/undo`, undo);
    await Deno.writeTextFile(`${one.folder}/etc/half-done.moved`, "");
    const interrupted = await one.state();
    const again = await it.provision(["--dry-run", "--role", "worker", "--binary", GOOD_BINARY, "one"]);
    assertMatch(again.stdout, /^one: .*interrupted.*\none: binary: /);
    assertEquals(await one.state(), interrupted);
    assertEquals((await it.provision(["--role", "worker", "--binary", GOOD_BINARY, "one"])).code, 0);
    assert(!(await one.state()).includes("half-done"));
  },
);

testWith(HOSTS, "provision changes at most --parallel hosts at the same time", async () => {
  const names = ["a", "b", "c", "d", "e"];
  await using it = await makeHosts(...names);
  // Each host stops reading after the first byte of the script.
  for (const host of it.hosts) await host.hold(1);
  await using kas = it.start(["--parallel", "2", "--role", "worker", "--binary", GOOD_BINARY, ...names]);
  await using _releasing = it.releaseAll();
  const begun = async () => (await it.log()).filter((line) => line.startsWith("begin"));
  const held = async () => (await Promise.all(it.hosts.map((host) => host.held()))).filter(Boolean);
  await eventually(held, ({ length }) => length === 2);
  assertEquals((await begun()).toSorted(), ["begin a", "begin b"]);
  for (const host of it.hosts) await host.release();
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

testWith(
  HOSTS,
  "Ctrl-C while provision copies the executable rolls the host back, and provision lists the unchanged hosts",
  async () => {
    await using it = await makeHosts("one", "two");
    const [one] = it.hosts;
    assert(one);
    assertEquals((await it.provision(["--role", "worker", "--binary", GOOD_BINARY, "one"])).code, 0);
    const before = await one.state();
    // The interruption arrives when kas has copied only a small part of the executable.
    await one.hold(2_000_000);
    await using kas = it.start([
      "--parallel",
      "1",
      "--binary",
      await binaryOf(it.folder, 100_000_000),
      "one",
      "two",
    ]);
    await using _releasing = it.releaseAll();
    await eventually(() => one.held(), Boolean);
    kas.kill("SIGINT");
    await one.release();
    const { code } = await kas.status;
    const output = kas.lines.join("\n");
    assertEquals(code, 130, output);
    assertMatch(output, /^kas: one: interrupted/m);
    assertStringIncludes(output, "one\trollback\tdone");
    assertMatch(output, /^kas: Interrupted; .*: two$/m);
    assertEquals(await one.state(), before);
  },
);

testWith(
  [...HOSTS, program("mount")],
  "provision does not change a host that has too little free disk space for the executable",
  async () => {
    await using it = await makeHosts("one");
    const [one] = it.hosts;
    assert(one);
    await using _disk = await smallDisk(one, "usr/local", "1m");
    const ended = await it.provision([
      "--role",
      "worker",
      "--binary",
      await binaryOf(it.folder, 30_000_000),
      "one",
    ]);
    assertEquals(ended.code, 1);
    assertMatch(ended.stderr, /^kas: one: .*\b1 MB\b.*\b30 MB\b.*\n$/);
    assertEquals(await one.calls(), []);
  },
);

/** A description of the full disk, the folder on this disk, the step that fails, and the expected error. */
const FULL: readonly [what: string, part: string, step: string, error: RegExp][] = [
  [
    "/usr/local, which had room at the inspection",
    "usr/local",
    "binary",
    /install -m 0755 \/dev\/stdin \/usr\/local\/bin\/\.kas\.new failed\n {2}install: .*No space left on device/,
  ],
  ["/etc", "etc", "files", /install -D .* failed\n {2}install: .*No space left on device/],
  [
    "/var/lib, for the rollback commands",
    "var/lib",
    "binary",
    /writing to \/var\/lib\/kas-provision failed\n {2}.*No space left on device/,
  ],
];

for (const [what, part, step, error] of FULL) {
  testWith(
    [...HOSTS, program("mount")],
    `provision rolls back and shows the error if a disk is full: ${what}`,
    async () => {
      await using it = await makeHosts("one");
      const [one] = it.hosts;
      assert(one);
      await using _disk = await smallDisk(one, part, "64k");
      const full = `cat /dev/zero >${one.folder}/${part}/full`;
      assertMatch((await execute(["bash", "-c", full])).stderr, /No space left on device/);
      // The host reports enough free space, as if the disk had become full after the inspection.
      await Deno.writeTextFile(`${one.folder}/bin/df`, "#!/bin/sh\necho Avail\necho 900000000\n", {
        mode: 0o755,
      });
      const before = await one.state();
      const ended = await it.provision([
        "--role",
        "worker",
        "--binary",
        await binaryOf(it.folder, 2_000_000),
        "one",
      ]);
      assertEquals(ended.code, 1);
      assertEquals(results(ended)[`one ${step}`], "failed", ended.stderr);
      assertEquals(results(ended)["one rollback"], "done");
      assertMatch(ended.stderr, error);
      assertEquals(await one.state(), before);
    },
  );
}

/** The paths of nginx's configuration on a host. */
async function nginxFiles(host: Host): Promise<string[]> {
  return Array.from((await host.state()).matchAll(/^\d+ (etc\/nginx\/\S+)$/gm), ([, path = ""]) => path);
}

testWith(
  HOSTS,
  "provision asks for the role of a new host, and later keeps the role of the host",
  async () => {
    await using it = await makeHosts("one");
    const [one] = it.hosts;
    assert(one);
    const before = await one.state();
    const refused = await it.provision(["--binary", GOOD_BINARY, "one"]);
    assertEquals([refused.code, await one.state(), await one.calls()], [1, before, []]);
    assertMatch(refused.stderr, /^kas: one: .*--role autoscaler.*\n$/);

    const first = ["--role", "autoscaler", "--region", "eu-west-1", "--binary", GOOD_BINARY, "one"];
    assertEquals((await it.provision(first)).code, 0);
    const installed = await one.state();
    const again = await it.provision(["--binary", GOOD_BINARY, "one"]);
    assertEquals([again.code, await one.state()], [0, installed]);
    assert(!installed.includes("kas-worker"));
    assertEquals(new Set(Object.values(results(again)).slice(1)), new Set(["unchanged"]));
  },
);

testWith(
  HOSTS,
  "provision puts nginx in front of an autoscaler that gets messages, not of one that polls",
  async () => {
    await using it = await makeHosts("polls", "listens");
    const [polls, listens] = it.hosts;
    assert(polls && listens);
    const provision = (...words: string[]) =>
      it.provision(["--role", "autoscaler", "--binary", GOOD_BINARY, "--region", "eu-west-1", ...words]);
    assertEquals((await provision("--pull", "polls")).code, 0);
    assertEquals((await provision("listens")).code, 0);
    assertEquals(await nginxFiles(polls), []);
    assertEquals(await nginxFiles(listens), ["etc/nginx/conf.d/kas-autoscaler.conf"]);
    assertEquals((await polls.calls()).filter((call) => call.includes("nginx")), []);

    // A later run keeps what the host has, until the operator asks for something else.
    assertEquals((await provision("--max", "4", "polls", "listens")).code, 0);
    assertEquals([await nginxFiles(polls), (await nginxFiles(listens)).length], [[], 1]);
    assertEquals((await provision("--nginx", "polls")).code, 0);
    assertEquals((await provision("--no-nginx", "listens")).code, 0);
    assertEquals([(await nginxFiles(polls)).length, await nginxFiles(listens)], [1, []]);
  },
);

testWith(
  HOSTS,
  "provision --settings gives a host several fleets, and a later setting that contradicts them changes nothing",
  async () => {
    await using it = await makeHosts("one");
    const [one] = it.hosts;
    assert(one);
    const file = `${it.folder}/fleets.json`;
    const fleets = {
      region: "eu-west-1",
      fleets: [{ fleet: "web", pull: true }, { fleet: "api", pull: true, max: 4 }],
    };
    await Deno.writeTextFile(file, JSON.stringify(fleets));
    const install = ["--role", "autoscaler", "--binary", GOOD_BINARY, "--settings", file, "one"];
    assertEquals((await it.provision(install)).code, 0);
    const installed = JSON.parse(await Deno.readTextFile(`${one.folder}/etc/kas/kas.json`));
    assertEquals([installed, await nginxFiles(one)], [fleets, []]);

    // An upgrade without settings keeps the fleets.
    const before = await one.state();
    assertEquals((await it.provision(["--binary", GOOD_BINARY, "one"])).code, 0);
    assertEquals(await one.state(), before);
    const { code, stderr } = await it.provision(["--binary", GOOD_BINARY, "--fleet", "web", "one"]);
    assertEquals([code, await one.state()], [1, before]);
    assertMatch(stderr, /^kas: one: .*fleet.*--settings/);
  },
);

testWith(
  HOSTS,
  "provision --telemetry installs node_exporter alone on a host without kas, once, and behind a filter of addresses",
  async () => {
    await using it = await makeHosts("node", "broken");
    const [node, broken] = it.hosts;
    assert(node && broken);
    const first = await it.provision(["--telemetry", "node"]);
    assertEquals(
      [first.code, Object.keys(results(first))],
      [0, ["node inspect", "node telemetry"]],
      first.stderr,
    );
    const calls = await node.calls();
    assertEquals(calls.at(-1), "systemctl restart prometheus-node-exporter");
    const state = await node.state();
    assertEquals(state.includes("usr/local/bin/kas"), false);
    const filter = await Deno.readTextFile(`${node.folder}${FILTER}`);
    assertMatch(filter, /^IPAddressDeny=any\nIPAddressAllow=127\.0\.0\.0\/8 10\.0\.0\.0\/8 /m);

    const again = await it.provision(["--telemetry", "node"]);
    assertEquals([again.code, results(again)["node telemetry"]], [0, "unchanged"]);
    assertEquals([await node.state(), await node.calls()], [state, calls]);

    // Somebody stopped the exporter and removed its filter.
    await Deno.remove(`${node.folder}/active/prometheus-node-exporter`);
    await Deno.remove(`${node.folder}${FILTER}`);
    assertEquals(results(await it.provision(["--telemetry", "node"]))["node telemetry"], "done");
    assertEquals(await node.state(), state);

    // An exporter that does not answer is a failure, and leaves no file.
    await Deno.writeTextFile(`${broken.folder}/bin/timeout`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const before = await broken.state();
    const failed = await it.provision(["--telemetry", "broken"]);
    assertEquals([failed.code, results(failed)["broken rollback"]], [1, "done"], failed.stderr);
    assertMatch(failed.stderr, /^kas: broken: timeout 2 bash .*9100.* failed/m);
    assertEquals(await broken.state(), before);
  },
);

const FILTER = "/etc/systemd/system/prometheus-node-exporter.service.d/kas.conf";
