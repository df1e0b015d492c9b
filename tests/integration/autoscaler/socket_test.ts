/**
 * The Unix socket of a running autoscaler, and the commands that use it.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually, execute, FROM_SOURCE } from "../../support/kas.ts";
import { testWith } from "../../support/needs.ts";
import { stage } from "../../unit/autoscaler/fixtures.ts";
import { startProcess } from "../../unit/autoscaler/process.ts";

/** Runs a command of `kas admin` with the state folder. */
async function admin(state: string, ...words: readonly string[]) {
  return await execute([...FROM_SOURCE, "admin", ...words, "--state", state, "--output", "json"]);
}

async function pausedOnPage(url: string): Promise<Record<string, { reason: string | null }>> {
  return (await (await fetch(`${url}/status`)).json()).paused;
}

Deno.test("kas admin pause reaches the running autoscaler through its socket, and the pause survives a restart", async () => {
  await using it = await stage();
  const state = `${it.options.state}/process`;
  {
    await using autoscaler = await startProcess(it);
    const { code, stdout, stderr } = await admin(
      state,
      "pause",
      "in",
      "--for",
      "2h",
      "--reason",
      "load test",
    );
    assertEquals(code, 0, stderr);
    const [out, scaleIn] = JSON.parse(stdout);
    assertEquals([out.paused, scaleIn.paused, scaleIn.reason], [false, true, "load test"]);
    assertEquals(Date.parse(scaleIn.until) - Date.parse(scaleIn.since) <= 7_200_000, true);
    assertEquals((await pausedOnPage(autoscaler.url))["in"]?.reason, "load test");
    assertStringIncludes(
      await (await fetch(`${autoscaler.url}/metrics`)).text(),
      'kas_paused{direction="in",fleet="kas"} 1',
    );
    // The autoscaler leaves its socket, and the next one replaces it.
    autoscaler.kill("SIGKILL");
    await autoscaler.status;
  }
  await using again = await startProcess(it);
  assertEquals(Object.keys(await pausedOnPage(again.url)), ["in"]);
  const { code, stdout } = await admin(state, "resume");
  assertEquals([code, JSON.parse(stdout).map((row: { paused: boolean }) => row.paused)], [0, [false, false]]);
  assertEquals(await pausedOnPage(again.url), {});
});

Deno.test("kas admin scale --state lets the running autoscaler scale, with its settings, pauses and journal", async () => {
  await using it = await stage();
  const state = `${it.options.state}/process`;
  await using autoscaler = await startProcess(it);
  const trial = await admin(state, "scale", "out", "--dry-run");
  assertEquals([trial.code, JSON.parse(trial.stdout)[0].result], [0, "dry-run"], trial.stderr);
  const out = await admin(state, "scale", "out");
  assertEquals(out.code, 0, out.stderr);
  const [{ action, instance, status }] = JSON.parse(out.stdout);
  assertEquals([action, status], ["start", "successful"]);
  const lines = await (await fetch(`${autoscaler.url}/activities`)).json();
  const commands = lines.filter(({ trigger }: { trigger: string }) => trigger === "operator");
  assertEquals(commands.map(({ instance }: { instance: string }) => instance), [instance]);
  await admin(state, "pause", "in");
  const held = await admin(state, "scale", "in", "--instance", instance);
  assertEquals([held.code, JSON.parse(held.stdout)[0].action], [1, "no action (paused)"]);
  await admin(state, "resume");
  // The check projected-load holds until CloudWatch has datapoints from after the start.
  const scaledIn = await eventually(
    () => admin(state, "scale", "in", "--instance", instance),
    ({ code }) => code === 0,
  );
  assertEquals(JSON.parse(scaledIn.stdout)[0].status, "successful");
});

Deno.test("kas admin scale --state refuses settings, because the autoscaler has its own", async () => {
  const { code, stderr } = await admin("/nowhere", "scale", "out", "--max", "9");
  assertEquals(code, 2);
  assertMatch(stderr, /^kas: --max /);
});

Deno.test("only the owner may use the autoscaler's socket, and the port does not answer its requests", async () => {
  await using it = await stage();
  const state = `${it.options.state}/process`;
  await using autoscaler = await startProcess(it);
  const { mode = 0, isSocket } = await Deno.stat(`${state}/kas.sock`);
  assertEquals([isSocket, (mode ?? 0) & 0o777], [true, 0o600]);
  for (const path of ["pause", "resume", "scale"]) {
    const body = JSON.stringify({ directions: ["in"], direction: "in", dryRun: false });
    const response = await fetch(`${autoscaler.url}/${path}`, { method: "POST", body });
    await response.body?.cancel();
    assertEquals(response.status, 404);
  }
});

testWith(
  [{ what: "only root can run a program as another user", met: Deno.uid() === 0 }],
  "another user cannot use the autoscaler's socket, not even if that user can enter the state folder",
  async () => {
    await using it = await stage();
    const state = `${it.options.state}/process`;
    await using _autoscaler = await startProcess(it);
    for (const folder of [it.options.state, state]) await Deno.chmod(folder, 0o755);
    const connect = `Deno.connect({ transport: "unix", path: ${JSON.stringify(`${state}/kas.sock`)} })` +
      `.then(() => console.log("connected"), (error) => console.log(error.name))`;
    const { stdout } = await new Deno.Command("setpriv", {
      args: ["--reuid=65534", "--clear-groups", Deno.execPath(), "eval", "--no-lock", connect],
      env: { DENO_DIR: await Deno.makeTempDir(), HOME: "/nonexistent" },
      stderr: "null",
    }).output();
    assertEquals(new TextDecoder().decode(stdout).trim(), "PermissionDenied");
  },
);

Deno.test("kas admin pause says why it cannot reach an autoscaler", async () => {
  const state = await Deno.makeTempDir();
  const { code, stderr } = await admin(state, "pause");
  assertEquals(code, 1);
  assertMatch(stderr, /^kas: Cannot reach \S.*kas\.sock: .*\nTry: .*\n$/);
  await Deno.remove(state);
});

Deno.test("kas admin pause --ssh runs the command on the host and prints its output", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // An ssh that writes the script to a file, and answers as kas does.
    const script = `#!/bin/sh\ncase "$*" in *"-O exit"*) exit 0;; esac\ncat >${folder}/script\necho '[]'\n`;
    await Deno.writeTextFile(`${folder}/ssh`, script, { mode: 0o755 });
    const words = ["pause", "in", "--for", "2h", "--reason", "it's late", "--ssh", "admin@203.0.113.7"];
    const { code, stdout, stderr } = await execute(
      [...FROM_SOURCE, "admin", ...words, "--output", "json"],
      { PATH: `${folder}:${Deno.env.get("PATH")}` },
    );
    assertEquals([code, stdout.trim()], [0, "[]"], stderr);
    const args = await new Deno.Command("sh", {
      args: ["-c", `set -- $(echo); eval "set -- $(cat ${folder}/script)"; printf '%s\\n' "$@"`],
    }).output();
    assertEquals(new TextDecoder().decode(args.stdout).trim().split("\n"), [
      "/usr/local/bin/kas",
      "admin",
      "pause",
      "in",
      "--for",
      "7200000ms",
      "--reason",
      "it's late",
      "--state",
      "/var/lib/kas",
      "--output",
      "json",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
