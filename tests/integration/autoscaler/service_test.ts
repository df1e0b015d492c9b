import { assert, assertEquals, assertMatch } from "@std/assert";
import { LISTED, status } from "../../../src/autoscaler/http/status.ts";
import { Store } from "../../../src/autoscaler/store/store.ts";
import { eventually } from "../../support/kas.ts";
import { BASE, lines, machines, NODES, stage } from "../../unit/autoscaler/fixtures.ts";
import { relay, startProcess } from "../../unit/autoscaler/process.ts";

/** The secrets in the environment of the process. */
const CREDENTIALS = {
  AWS_SECRET_ACCESS_KEY: "kEy+thaT/nobody.sees",
  AWS_SESSION_TOKEN: "toKeN+thaT/nobody.sees",
};

Deno.test("the JSON log contains the id of the message that caused each event, and neither the log nor the pages nor the files of the state folder contain a secret", async () => {
  await using it = await stage({ nodes: 2, machine: machines() });
  it.sandbox.faults.noCapacity.add(NODES[0]);
  await using process = await startProcess(it, { args: ["--log", "json"], env: CREDENTIALS });
  await using between = relay(process.url);
  await it.subscribe(between);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(() => lines(process), (all) => all.some(({ status }) => status === "successful"));
  const forged = await fetch(process.url, { method: "POST", body: JSON.stringify({ Type: "Notification" }) });
  assertEquals([forged.status, await forged.text() !== ""], [400, true]);
  await it.publish("not an alarm");
  await eventually(() => lines(process), ([newest]) => newest?.kind === "none");

  const pages = await Promise.all(["/status", "/metrics", "/activities", "/ping"].map(async (path) => {
    return await (await fetch(process.url + path)).text();
  }));
  const id = (await lines(process)).find(({ kind }) => kind === "start")?.message;
  const folder = `${it.options.state}/process`;
  const entries = (await Array.fromAsync(Deno.readDir(folder))).filter(({ isFile }) => isFile);
  const files = await Promise.all(entries.map(async ({ name }) => {
    return new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/${name}`));
  }));
  process.kill("SIGTERM");
  assertEquals((await process.status).code, 0);

  const events = process.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const event of events) {
    assertMatch(String(event["time"]), /^\d{4}-\d\d-\d\dT/);
    assert(["info", "warning", "error"].includes(String(event["level"])), JSON.stringify(event));
  }
  const eventsOf = (messageId: unknown) =>
    events.filter((event) => event["messageId"] === messageId).map(({ message }) => message);
  const [first, second, ...rest] = eventsOf(id);
  // The control loop decides before the message is on disk.
  assertEquals([first, second].toSorted(), ["decided start", "message accepted"]);
  assertEquals(rest, ["start of a candidate failed", "instance started"]);
  const done = events.find(({ message }) => message === "instance started");
  const phases = Object.keys(done?.["seconds"] ?? {});
  assertEquals(phases, [
    "notified",
    "decided",
    "started",
    "running",
    "healthy",
    "registered",
    "in-service",
    "total",
  ]);
  // Events without a messageId are about the process itself.
  const others = new Set(
    events.filter((event) => event["messageId"] === undefined).map(({ message }) => message),
  );
  assertEquals([...others].map((text) => String(text).replace(/http\S+/, "URL")), [
    "listening on URL",
    "message refused",
    "stopped",
  ]);

  const out = [...process.lines, ...pages, ...files].join("\n");
  assert(between.secrets.size >= 5, "the relay saw no secrets: the test would find nothing");
  const found = [...between.secrets, ...Object.values(CREDENTIALS)].filter((secret) => out.includes(secret));
  assertEquals(found, []);
  assert(!/UnsubscribeURL|SubscribeURL|"Token"|Token=/i.test(out));
});

Deno.test("kas's command line contains no secret, and only the owner can read the state folder", async () => {
  await using it = await stage({ nodes: 1, machine: machines() });
  await using process = await startProcess(it, { env: CREDENTIALS });
  const words = await Deno.readTextFile(`/proc/${process.pid}/cmdline`);
  assertEquals(Object.values(CREDENTIALS).filter((secret) => words.includes(secret)), []);
  await eventually(() => lines(process), (all) => all.length > 0);
  const folder = `${it.options.state}/process`;
  assertEquals(mode(folder), "700");
  for await (const { name } of Deno.readDir(folder)) assertEquals(mode(`${folder}/${name}`), "600", name);
});

Deno.test("only the owner can read the files in the state folder, even if the folder itself is open to all users", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.chmod(folder, 0o755);
    using state = Store.open(folder);
    assert(state.size() > 0);
    for await (const { name } of Deno.readDir(folder)) assertEquals(mode(`${folder}/${name}`), "600", name);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("GET /status contains version, uptime, the last observation and its error, and the steps of activities in progress", async () => {
  let serves = false;
  await using it = await stage({ nodes: 1, machine: machines((id) => serves || id === BASE) });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const read = async () => await (await fetch(`${autoscaler.url}/status`)).json();
  const busy = await eventually(read, ({ activities }) => activities[0]?.step?.name === "healthy");
  const [{ kind, instance, message, step, seconds }] = busy.activities;
  assertEquals([kind, instance, step.instance], ["start", NODES[0], NODES[0]]);
  assert(message !== undefined && seconds >= step.seconds && step.seconds >= 0);
  assertMatch(busy.version, /^\d+\.\d+\.\d+$/);
  assert(busy.uptime > 0 && Date.parse(busy.started) <= Date.now());
  assertEquals([busy.observation.error, busy.observation.seconds > 0], [null, true]);
  assertEquals(busy.totals, { instances: 2, alarms: 1 });
  serves = true;
  const idle = await eventually(read, ({ activities }) => activities.length === 0);
  assertEquals([idle.messages.waiting, idle.oldest], [0, null]);
});

Deno.test("GET /status contains the error of the last failed observation, and GET /metrics the number of failures", async () => {
  await using it = await stage({ nodes: 1, machine: machines() });
  const autoscaler = await it.start({ limits: { ...it.options.limits, resync: 100 } });
  const read = async () => await (await fetch(`${autoscaler.url}/status`)).json();
  const seeing = await eventually(read, ({ observed }) => observed !== null);
  it.sandbox.faults.set("throttle=1");
  const blind = await eventually(read, ({ observation }) => observation.error !== null);
  assertMatch(blind.observation.error, /RequestLimitExceeded|Throttling/);
  // The status still contains the last successful observation, with its time.
  assert(blind.observed >= seeing.observed && blind.instances.length === 2);
  const metrics = await (await fetch(`${autoscaler.url}/metrics`)).text();
  assertMatch(metrics, /^kas_observation_failures_total\{fleet="kas"\} [1-9]/m);
  assertMatch(metrics, /^kas_aws_requests_total\{.*outcome="throttled".*\} [1-9]/m);
  assertMatch(metrics, /^kas_aws_retries_total\{.*\} [1-9]/m);
});

Deno.test("status() of a large fleet lists a thousand instances and alarms, and the total numbers", () => {
  const instance = {
    id: "i-1",
    name: "",
    role: "node",
    state: "running",
    type: "t3.micro",
    zone: "a",
    registration: "in-service",
  } as const;
  const answer = status({
    now: 2_000,
    observation: {
      now: 1_000,
      fleet: "kas",
      limits: { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 0 },
      instances: Array.from({ length: 10_000 }, (_, i) => ({ ...instance, id: `i-${i}` })),
      alarms: [],
      cpu: {},
      inProgress: [],
      history: { inServiceSince: {} },
    },
    limits: { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 0 },
    desired: undefined,
    lastObservation: { at: 1_000, seconds: 45, error: "AWS is unreachable" },
    waiting: 3,
    oldest: 500,
    inProgress: [],
    paused: undefined,
    override: undefined,
    scrapes: new Map(),
    alerts: [],
    bytes: 0,
  }, 0) as Record<string, unknown> & { instances: unknown[] };
  assertEquals([answer.instances.length, answer["totals"]], [LISTED, { instances: 10_000, alarms: 0 }]);
  assertEquals(answer["observation"], {
    at: new Date(1_000).toISOString(),
    seconds: 45,
    error: "AWS is unreachable",
  });
  assertEquals([answer["uptime"], answer["oldest"]], [2, 1.5]);
});

function mode(path: string): string {
  return ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
}
