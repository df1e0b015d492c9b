/**
 * The autoscaler, the sandbox and the workers as processes, in real time: the minimum is restored, and a worker that hangs is
 * replaced, while clients send requests to the load balancer.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BUILT, eventually, execute, exportsOf, start } from "../support/kas.ts";

/** How many times as fast as AWS the sandbox is. */
const SPEED = 20;

/** The settings of the autoscaler, with its default durations at the speed of the sandbox. */
const SETTINGS = [
  "--pull",
  "--min",
  "3",
  "--resync",
  "3s",
  "--warmup",
  "6s",
  "--metric-delay",
  "9s",
  "--start-timeout",
  "15s",
  "--drain-timeout",
  "15s",
  "--unhealthy-after",
  "6s",
];

/** A row of `kas admin instances`. */
interface InstanceRow {
  readonly id: string;
  readonly role: string;
  readonly state: string;
  readonly health: string;
}

/** A request of a client. Times are in ms since the start of the test's process. */
interface SentRequest {
  readonly sent: number;
  readonly ok: boolean;
}

Deno.test("kas restores the minimum from one instance, and replaces a worker that hangs without a failed request", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeTextFile(`${folder}/kas.json`, "{}");
  const ports = ["--port", "0", "--balancer-port", "0"];
  const sandbox = stack.use(
    start([...BUILT, "admin", "sandbox", "--nodes", "4", "--speed", `${SPEED}`, ...ports]),
  );
  const env = await exportsOf(sandbox);
  const [, balancer = ""] = await sandbox.line(/Load balancer: (http:\/\/[\d.]+:\d+)/);
  const state = ["--state", `${folder}/state`];
  stack.use(
    start([...BUILT, "autoscaler", "--config", `${folder}/kas.json`, ...state, ...SETTINGS], env),
  );

  const instances = async (): Promise<InstanceRow[]> => {
    const { code, stdout, stderr } = await execute(
      [...BUILT, "admin", "instances", "--output", "json"],
      env,
    );
    assertEquals(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const serving = (rows: readonly InstanceRow[]) => rows.filter(({ health }) => health === "InService");

  const restored = serving(await eventually(instances, (rows) => serving(rows).length === 3));
  assertEquals(restored.map(({ role }) => role).toSorted(), ["base", "node", "node"]);

  const requests: SentRequest[] = [];
  const end = new AbortController();
  const clients = Array.from({ length: 4 }, () => sendUntil(`${balancer}/work`, end.signal, requests));
  const sick = restored.find(({ role }) => role === "node")?.id ?? "";
  const fault = await fetch(`${env["AWS_ENDPOINT_URL"]}/faults`, { method: "POST", body: `hangs=${sick}` });
  await fault.body?.cancel();
  assert(fault.ok, `${fault.status}`);

  const noticed = await eventually(instances, (rows) => rows.some(isSick)).then(() => performance.now());
  const after = await eventually(
    instances,
    (rows) => serving(rows).length === 3 && rows.some(({ id, state }) => id === sick && state === "stopped"),
  );
  end.abort();
  await Promise.all(clients);
  assert(!serving(after).some(({ id }) => id === sick));

  const later = requests.filter(({ sent }) => sent > noticed);
  assert(later.length > 50, `only ${later.length} requests after the load balancer noticed`);
  assertEquals(later.filter(({ ok }) => !ok), []);

  function isSick({ id, health }: InstanceRow): boolean {
    return id === sick && health === "OutOfService";
  }
});

/** Sends one request after another until the signal aborts. */
async function sendUntil(url: string, signal: AbortSignal, requests: SentRequest[]): Promise<void> {
  while (!signal.aborted) {
    const sent = performance.now();
    const ok = await fetch(url).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    requests.push({ sent, ok });
  }
}
