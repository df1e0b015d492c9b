import { CreateLaunchTemplateCommand } from "@aws-sdk/client-ec2";
import { assertEquals, assertMatch } from "@std/assert";
import { scale } from "../../../../src/admin/instances/scale/command.ts";
import { startInstance } from "../../../../src/aws/ec2/state_changes.ts";
import { UsageError } from "../../../../src/cli/command.ts";
import { run } from "../../../../src/cli/run.ts";
import { type Stage, stage } from "../../../unit/autoscaler/fixtures.ts";
import { BASE, machines, NODES } from "../../../unit/autoscaler/fixtures.ts";

/** Runs `kas scale` with the words in this process. Returns the rows as TSV without a header, the stderr, and the exit status. */
async function kas(
  { sandbox }: Stage,
  args: string | readonly string[],
  signal = new AbortController().signal,
) {
  let stdout = "";
  let stderr = "";
  const terminal = {
    write: (text: string) => stdout += text,
    writeError: (text: string) => stderr += text,
    draw: () => {},
    interactive: false,
    interactiveError: false,
    color: false,
    columns: 80,
    ask: () => Promise.resolve(null),
  };
  const root = { name: "kas", summary: "", commands: [scale] };
  const lookup = (_: string, { env = [] }: { env?: readonly string[] }) =>
    env.map((name) => sandbox.env[name]).filter((text) => text !== undefined).map((text) => ({
      text,
      origin: "test",
    }))[0];
  const argv = ["scale", ...(typeof args === "string" ? args.split(" ") : args), "--no-header"];
  const status = await run(root, argv, { terminal, signal, lookup })
    .catch((error: Error & { status?: number }) => {
      stderr += error.message;
      return error instanceof UsageError ? 2 : error.status ?? 1;
    });
  const rows = stdout.trimEnd().split("\n").map((line) => line.split("\t"));
  return { status, stderr, rows, row: rows[0] ?? [] };
}

/** Returns the instances in service. */
function inService({ standing }: Stage): string[] {
  return [BASE, ...NODES].filter((id) => standing(id) === "running in-service");
}

Deno.test("scale out puts a node into service, scale in stops the node, and both report their actions", async () => {
  await using it = await stage();
  const out = await kas(it, "out");
  assertEquals([out.status, ...out.row.slice(0, 3)], [0, "start", NODES[0], "successful"]);
  assertMatch(out.stderr, /^start i-00000000000000002: /);
  assertEquals(it.standing(NODES[0]), "running in-service");

  const warmingUp = await kas(it, "in");
  assertEquals([warmingUp.status, ...warmingUp.row.slice(0, 3)], [1, "no action (warm-up)", "-", "-"]);
  const back = await kas(it, "in --warmup 0s");
  assertEquals([back.status, ...back.row.slice(0, 3)], [0, "stop", NODES[0], "successful"]);
  assertEquals(it.standing(NODES[0]), "stopped none");
});

Deno.test("scale never exceeds max capacity and never stops the base instance: it names the check, and exits with status 1", async () => {
  await using it = await stage();
  const held = [["out --max 1", "max-capacity"], [`in --instance ${BASE}`, "no-candidate"], [
    `out --instance ${BASE}`,
    "no-standby",
  ]] as const;
  for (const [args, check] of held) {
    const { status, row } = await kas(it, args);
    assertEquals([status, ...row.slice(0, 3)], [1, `no action (${check})`, "-", "-"], args);
  }
  assertEquals(it.standing(BASE), "running in-service");
});

Deno.test("scale out without a standby node prints the running nodes that are not registered, and the commands that register them", async () => {
  await using it = await stage();
  await startInstance(it.aws, NODES[0]);
  await it.sandbox.account.waitUntil(() => it.standing(NODES[0]) === "running none");
  const { row, stderr } = await kas(it, "out");
  assertEquals(row.slice(0, 2), ["no action (no-standby)", "-"]);
  assertMatch(stderr, /kas admin instances adopt i-0+2\n/);
});

Deno.test("scale --instance acts only on the named instance, and exits with status 4 if it is not in the fleet", async () => {
  await using it = await stage({ nodes: 2 });
  const { row } = await kas(it, `out --instance ${NODES[1]}`);
  assertEquals(row.slice(0, 3), ["start", NODES[1], "successful"]);
  const none = await kas(it, "out --instance i-00000000000000009");
  assertEquals([none.status, none.row], [4, [""]]);
  assertMatch(none.stderr, /i-00000000000000009 is not in fleet kas/);
});

Deno.test("scale out --grow launches a node if there is no standby, and scale in --shrink terminate terminates a node after confirmation", async () => {
  await using it = await stage({ nodes: 0 });
  const unbounded = await kas(it, "out --grow kas-node");
  assertMatch(unbounded.stderr, /--grow needs --max/);
  const unknown = await kas(it, "out --grow kas-node --max 2");
  assertEquals([unknown.status, ...unknown.row.slice(0, 3)], [1, "launch", "-", "failed"]);
  assertMatch(
    unknown.row[3] ?? "",
    /kas-node, does not exist \(InvalidLaunchTemplateName.NotFoundException\)/,
  );
  await (await it.aws.ec2()).send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: "kas-node",
      LaunchTemplateData: { ImageId: "ami-00000000000000001" },
    }),
  );
  const dryRun = await kas(it, "out --grow kas-node --max 2 --dry-run");
  assertEquals([dryRun.status, ...dryRun.row.slice(0, 3)], [0, "launch", "-", "dry-run"]);

  const out = await kas(it, "out --grow kas-node --max 2");
  assertEquals([out.status, ...out.row.slice(0, 3)], [0, "launch", NODES[0], "successful"]);
  assertMatch(out.stderr, /^launch a new node: /);
  const full = await kas(it, "out --grow kas-node --max 2");
  assertEquals([full.status, ...full.row.slice(0, 2)], [1, "no action (max-capacity)", "-"]);

  const asked = await kas(it, "in --warmup 0s --shrink terminate");
  assertEquals([asked.status, it.standing(NODES[0])], [2, "running in-service"]);
  assertMatch(
    asked.stderr,
    /Terminate i-00000000000000002 permanently\? .*--yes/,
  );
  const back = await kas(it, "in --warmup 0s --shrink terminate --yes");
  assertEquals([back.status, ...back.row.slice(0, 3)], [0, "terminate", NODES[0], "successful"]);
  assertEquals(it.sandbox.account.instances().map(({ id }) => id), [BASE]);
});

Deno.test("scale --dry-run reports the action and changes nothing", async () => {
  await using it = await stage();
  const before = it.sandbox.calls.length;
  const { status, row } = await kas(it, "out --dry-run");
  assertEquals([status, ...row.slice(0, 3)], [0, "start", NODES[0], "dry-run"]);
  assertEquals(it.standing(NODES[0]), "stopped none");
  assertEquals(it.sandbox.calls.slice(before).filter(({ action }) => !/^(Describe|Get)/.test(action)), []);
});

Deno.test("scale --dry-run lists the capacity that each policy recommends, and the result of each check", async () => {
  await using it = await stage({ nodes: 3 });
  await it.alarm("cpuhigh", BASE, "ALARM");
  const schedules = [{ name: "day", cron: "* * * * *", timezone: "UTC", duration: "1h", min: 2, max: 3 }];
  const { rows, status } = await kas(it, [
    "out",
    "3",
    "--dry-run",
    "--warmup",
    "0s",
    "--schedules",
    JSON.stringify(schedules),
  ]);
  const found = (kind: string) =>
    Object.fromEntries(rows.filter((row) => row[0] === kind).map(([, name, result]) => [name, result]));
  assertEquals(found("policy"), {
    operator: "4",
    alarms: "2",
    replacement: "-",
    minimum: "2",
    maximum: "3",
    "schedule day": "2",
  });
  assertEquals(found("check"), {
    "not-newest": "passed",
    paused: "passed",
    cooldown: "passed",
    "max-capacity": "held",
    "no-standby": "not reached",
  });
  assertEquals([status, rows.filter(([, , result]) => result === "dry-run").length], [1, 2]);
});

Deno.test("scale exits with status 1 after a failure, and after an interruption prints what is not completed", async () => {
  await using it = await stage({ machine: machines((id) => id === BASE) });
  const failed = await kas(it, "out --start-timeout 300ms");
  assertEquals([failed.status, ...failed.row.slice(0, 3)], [1, "start", NODES[0], "failed"]);

  await using other = await stage({ machine: machines((id) => id === BASE) });
  const stop = new AbortController();
  const running = kas(other, "out", stop.signal);
  await other.sandbox.account.waitUntil(() => other.standing(NODES[0]) === "running none");
  stop.abort();
  const interrupted = await running;
  assertEquals(interrupted.row, [""]);
  assertMatch(
    interrupted.stderr,
    /This activity is not completed: start i-00000000000000002, at step (started|running|healthy)/,
  );
});

Deno.test("scale out N and in N change several instances, with a row for each", async () => {
  await using it = await stage({ nodes: 3 });
  const out = await kas(it, "out 2");
  assertEquals(out.status, 0, out.stderr);
  assertEquals(
    out.rows.map((row) => row.slice(0, 3)),
    NODES.slice(0, 2).map((id) => ["start", id, "successful"]),
  );
  assertEquals(inService(it), [BASE, ...NODES.slice(0, 2)]);

  const back = await kas(it, "in 2 --warmup 0s");
  assertEquals(back.rows.map(([action, , status]) => [action, status]), [["stop", "successful"], [
    "stop",
    "successful",
  ]]);
  assertEquals([back.status, inService(it)], [0, [BASE]]);
});

Deno.test("scale out N starts as many instances as the checks allow, names the check that holds the others back, and exits with status 1", async () => {
  await using it = await stage({ nodes: 3 });
  const out = await kas(it, "out 3 --max 3");
  assertEquals(out.rows.map((row) => row.slice(0, 3)), [
    ...NODES.slice(0, 2).map((id) => ["start", id, "successful"]),
    ["no action (max-capacity)", "-", "-"],
  ]);
  assertEquals([out.status, inService(it)], [1, [BASE, ...NODES.slice(0, 2)]]);
});

Deno.test("scale to N starts or stops as many instances as it takes", async () => {
  await using it = await stage({ nodes: 3 });
  const out = await kas(it, "to 3");
  assertEquals([out.status, out.rows.length, inService(it).length], [0, 2, 3], out.stderr);
  const same = await kas(it, "to 3");
  assertEquals([same.status, same.row.slice(0, 3)], [0, ["no action", "-", "-"]]);
  const back = await kas(it, "to 1 --warmup 0s");
  assertEquals([back.status, back.rows.length, inService(it)], [0, 2, [BASE]], back.stderr);
});

Deno.test("scale to N refuses a capacity outside the bounds with status 2, also in a dry run", async () => {
  await using it = await stage({ nodes: 3 });
  const before = it.sandbox.calls.length;
  for (const args of ["to 4 --max 3", "to 0", "to 1 --min 2 --dry-run", "to 4 --max 3 --dry-run"]) {
    const { status, row, stderr } = await kas(it, args);
    assertEquals([status, row], [2, [""]], `${args}: ${stderr}`);
  }
  assertEquals(it.sandbox.calls.slice(before).filter(({ action }) => !/^(Describe|Get)/.test(action)), []);
});

for (
  const args of ["out 0", "in x", "out 2 --instance i-00000000000000002", "to", "to -1", "to 1.5", "to 10001"]
) {
  Deno.test(`scale ${args} is a usage error`, async () => {
    await using it = await stage();
    assertEquals((await kas(it, args)).status, 2);
  });
}
