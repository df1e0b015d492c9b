import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { NINE_STEPS } from "../../../../src/admin/sandbox/scenario/nine_steps.ts";
import { playNineSteps } from "../../../../src/admin/sandbox/scenario/play.ts";
import { admin } from "../../../../src/admin/command.ts";
import { workerCommand } from "../../../../src/admin/sandbox/command.ts";
import { Output } from "../../../../src/cli/output.ts";
import { startSandbox } from "../../../../src/sandbox/sandbox.ts";
import { captured, runWords } from "../../../unit/cli/captured.ts";
import { eventually, execute, FROM_SOURCE, start } from "../../../support/kas.ts";

const SANDBOX = [...FROM_SOURCE, ..."admin sandbox --kind --port 0 --balancer-port 0".split(" ")];

Deno.test("kas admin sandbox prints environment variables, serves requests, and exits with status 0 at SIGTERM", async () => {
  await using sandbox = start([...SANDBOX, "--speed", "20"]);
  const [, origin = ""] = await sandbox.line(/Load balancer: (http:\/\/\S+)\./);
  const exported = sandbox.lines.flatMap((line) => /^export (\w+)=/.exec(line)?.[1] ?? []);
  assertEquals(exported, [
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "KAS_FLEET",
    "KAS_TOPIC_ARN",
    "KAS_LOAD_BALANCER",
    "KAS_TRUST_SIGNER",
  ]);
  const work = await fetch(`${origin}/work`);
  assertMatch(await work.text(), /^-?\d+\t\d\.\d{6}$/);

  sandbox.kill("SIGTERM");
  assertEquals((await sandbox.status).code, 0);
  await assertRejects(() => fetch(`${origin}/ping`), TypeError);
});

Deno.test("kas admin sandbox says what it waits for while the service of the base instance starts, and ends when an operator interrupts it", async () => {
  const stop = new AbortController();
  let drawn = "";
  const ended = runWords(
    { name: "kas", summary: "kas", commands: [admin] },
    [
      ...[
        "admin",
        ..."sandbox --kind --speed 20 --port 0 --balancer-port 0 --service-health /ping".split(" "),
      ],
      ...["--service-port", "8087", "--service", "exec sleep 600"],
    ],
    { terminal: { color: true, draw: (text) => void (drawn += text) }, signal: stop.signal },
  );
  await eventually(() => drawn, (text) => text.includes("Waiting until the service"));
  stop.abort(new DOMException("Interrupted", "AbortError"));
  await assertRejects(() => ended, DOMException, "Interrupted");
});

Deno.test("kas admin sandbox rejects an unknown fault, and the combination of --empty and --scenario", async () => {
  const fault = await execute([...SANDBOX, "--fault", "meteor=1"]);
  assertEquals(fault.code, 2);
  assertStringIncludes(fault.stderr, "meteor=1");
  const empty = await execute([...SANDBOX, "--scenario", "nine-steps", "--empty"]);
  assertEquals(empty.code, 2);
  assertStringIncludes(empty.stderr, "--empty");
});

Deno.test("the sandbox scenario starts a real autoscaler, runs the scenario's steps and prints the results", async () => {
  const speed = 25;
  await using sandbox = await startSandbox({ kind: true, speed, worker: workerCommand(speed) });
  const { terminal, out, err } = captured();
  const passed = await playNineSteps({
    sandbox,
    speed,
    step: 60_000,
    cpu: { low: 42, high: 80 },
    steps: NINE_STEPS.slice(0, 1),
    out: new Output(terminal, { format: "tsv", header: true, quiet: false, verbose: false }),
    signal: new AbortController().signal,
  });
  assertMatch(
    out(),
    /^step\tevent\tclients\tin_service\texpected\tcpu\tresult\n1\tA starts\tA\t1\t1\t\d+%\tok\n$/,
  );
  assertEquals(passed, true);
  assertMatch(err(), /^step 1: A starts; clients A, 1 expected$/m);
  const calls = new Set(sandbox.calls.map(({ action }) => action));
  for (const action of ["PutMetricAlarm", "Subscribe", "ConfirmSubscription", "DescribeInstanceHealth"]) {
    assertEquals(calls.has(action), true, action);
  }
});

Deno.test("the sandbox scenario exits with status 130 at Ctrl-C and leaves no temporary files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using scenario = start([...SANDBOX, ..."--scenario nine-steps --speed 25".split(" ")], {
      TMPDIR: folder,
    });
    await scenario.line(/^step 1: A starts/);
    scenario.kill("SIGINT");
    assertEquals((await scenario.status).code, 130);
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("kas admin sandbox needs --on-start and --on-stop together, and --subnet has 256 addresses", async () => {
  for (
    const [args, error] of [
      [["--on-start", "boot"], /^kas: --on-start .*--on-stop/],
      [["--on-stop", "halt"], /^kas: --on-start .*--on-stop/],
      [["--subnet", "10.0.0.0/16"], /^kas: .*expected a subnet/],
      [["--subnet", "300.0.0.0/24"], /^kas: .*expected a subnet/],
    ] as [string[], RegExp][]
  ) {
    const { code, stderr } = await execute([...SANDBOX, ...args]);
    assertEquals(code, 2);
    assertMatch(stderr, error);
  }
});

Deno.test("kas admin sandbox boots and stops instances with the commands --on-start and --on-stop", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const worker = [...FROM_SOURCE, "worker", "--threads", "1", "--listen"].join(" ");
    const boot = `${worker} "$2:30000" >/dev/null 2>&1 & echo "pid $!"; echo $! >${folder}/$1`;
    await using sandbox = start([...SANDBOX, "--on-start", boot, "--on-stop", `kill $(cat ${folder}/$1)`]);
    const [, origin = ""] = await sandbox.line(/Load balancer: (http:\/\/\S+)\./);
    assertEquals(await (await fetch(`${origin}/ping`)).text(), "pong");
    sandbox.kill("SIGTERM");
    assertEquals((await sandbox.status).code, 0);
    const pid = Number(await Deno.readTextFile(`${folder}/i-00000000000000001`));
    await eventually(() => execute(["kill", "-0", `${pid}`]), ({ code }) => code !== 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
