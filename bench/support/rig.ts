/**
 * Runs kas's autoscaler and its predecessor on a fleet in a sandbox, and sends messages to them.
 *
 * @module
 */
import { BUILT, eventually, type Running, start } from "../../tests/support/kas.ts";
import type { Fleet } from "./fleet.ts";
import { freePort } from "./servers.ts";
import { deliver, Topic } from "./topic.ts";

/** The base instance, whose alarm recommends more capacity. */
export const BASE = "i-00000000000000001";

/** Time limit of the first observation of a fleet, in ms. */
const OBSERVATION_LIMIT = 120_000;

/** How many messages of a burst are in progress at the same time. */
const AT_ONCE = 16;

/** A running autoscaler with its topic and its fleet. */
export interface Rig extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly topic: Topic;
  readonly url: string;
  readonly pid: number;
}

/** How {@linkcode kasRig} starts kas. */
interface RigOptions {
  /** Flags, in addition to those of every rig. */
  readonly flags?: readonly string[];
  /** The content of the config file, which then has the durations and names the fleets. */
  readonly config?: object;
}

/** Starts kas on a fleet. Resolves after its first reconcile. */
export async function kasRig(fleet: Fleet, { flags = [], config }: RigOptions = {}): Promise<Rig> {
  await using stack = new AsyncDisposableStack();
  const state = await Deno.makeTempDir({ prefix: "kas-bench-" });
  stack.defer(() => Deno.remove(state, { recursive: true }));
  const { env } = fleet.sandbox;
  const topic = stack.use(new Topic(env["KAS_TOPIC_ARN"] ?? ""));
  const durations = [
    "--warmup=0s",
    "--cooldown-in=0s",
    "--metric-delay=0s",
    "--resync=1h",
    "--start-timeout=10m",
  ];
  const words = ["autoscaler", "--listen=127.0.0.1:0", `--state=${state}`, `--trust-signer=${topic.prefix}`];
  const file = `${state}.json`;
  if (config !== undefined) {
    await Deno.writeTextFile(file, JSON.stringify(config));
    stack.defer(() => Deno.remove(file));
  }
  const [settings, without] = config === undefined
    ? [durations, {}]
    : [[`--config=${file}`], { KAS_FLEET: "", KAS_LOAD_BALANCER: "" }];
  const kas: Running = stack.use(
    start([...BUILT, ...words, ...settings, ...flags], { ...env, ...without }),
  );
  const [, url = ""] = await kas.line(/listening on (http:\/\/[^\s"]+)/);
  await eventually(
    async () => await (await fetch(`${url}/activities?fleet=kas`)).json() as unknown[],
    ({ length }) => length > 0,
    OBSERVATION_LIMIT,
  );
  const owned = stack.move();
  return { fleet, topic, url, pid: kas.pid, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts the predecessor on a fleet (bench/peers/scaler.py). */
export async function predecessorRig(fleet: Fleet): Promise<Rig> {
  await using stack = new AsyncDisposableStack();
  const { env, url: endpoint } = fleet.sandbox;
  const topic = stack.use(new Topic(env["KAS_TOPIC_ARN"] ?? ""));
  const port = freePort();
  const script = new URL("../peers/scaler.py", import.meta.url).pathname;
  const { pid } = stack.use(start(["python3", script, String(port), "kas", "kas", endpoint], env));
  const url = `http://127.0.0.1:${port}`;
  await eventually(() => fetch(url).then((it) => it.text(), () => ""), (text) => text === "pong");
  const owned = stack.move();
  return { fleet, topic, url, pid, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** How long a reaction took, in ms. */
export interface Reaction {
  /** The time from posting the message until the autoscaler sent StartInstances. */
  readonly started: number;
  /** The time from posting the message until the autoscaler answered it. */
  readonly answered: number;
}

/**
 * Measures one reaction to an alarm that recommends more capacity. Stops the started instance again if few standby
 * instances are left.
 */
export async function react({ fleet: { sandbox }, topic, url }: Rig): Promise<Reaction> {
  const instances = () => sandbox.account.instances();
  const started = Promise.withResolvers<{ id: string; at: number }>();
  sandbox.faults.onCall = ({ action, input, moment }) => {
    const [id] = Array.isArray(input["InstanceIds"]) ? input["InstanceIds"] : [];
    if (action === "StartInstances" && moment === "before") {
      started.resolve({ id: String(id), at: performance.now() });
    }
    return Promise.resolve();
  };
  const message = topic.notice("cpuhigh", BASE, "ALARM");
  const begun = performance.now();
  const answered = deliver(url, message).then(() => performance.now());
  const { id, at } = await started.promise;
  const took = { started: at - begun, answered: await answered - begun };
  if (instances().filter(({ state }) => state === "stopped").length < 5) {
    const up = () =>
      instances().some((it) => it.id === id && `${it.state} ${it.registration}` === "running in-service");
    await sandbox.account.waitUntil(up);
    await pause(500);
    const isStopped = () => instances().filter(({ state }) => state === "stopped").length >= 5;
    // A check holds the scale-in back until the CPU datapoints are from after the start.
    while (!isStopped()) {
      await deliver(url, topic.notice("cpulow", id, "OK"));
      await sandbox.account.waitUntil(isStopped, AbortSignal.timeout(500)).catch(() => {});
    }
    await pause(500);
  }
  return took;
}

/** Sends messages that lead to no action, `rate` per second, while `measure` runs. */
export async function withMessages<T>(
  { fleet, topic, url }: Rig,
  rate: number,
  measure: () => Promise<T>,
): Promise<T> {
  const others = fleet.sandbox.account.instances().map(({ id }) => id);
  const over = new AbortController();
  const sending = (async () => {
    const sent: Promise<void>[] = [];
    for (let n = 0; rate > 0 && !over.signal.aborted; n++) {
      // kas verifies and stores a change to OK, and decides on no action.
      sent.push(deliver(url, topic.notice("cpuhigh", others[1 + n % (others.length - 1)] ?? "", "OK")));
      await pause(1_000 / rate);
    }
    await Promise.all(sent);
  })();
  try {
    return await measure();
  } finally {
    over.abort();
    await sending;
  }
}

/** Sends a burst of messages. Returns how many of them kas accepts per second, and decides on per second. */
export async function burst(
  { fleet: { sandbox }, topic, url }: Rig,
  messages: number,
): Promise<{ accepted: number; decided: number }> {
  const ids = sandbox.account.instances().map(({ id }) => id);
  const posts = Array.from(
    { length: messages },
    (_, n) => topic.notice("cpuhigh", ids[n % ids.length] ?? "", "OK"),
  );
  const rest = posts.values();
  const begun = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const post of rest) await deliver(url, post);
  }));
  const accepted = messages / ((performance.now() - begun) / 1_000);
  await decided(url);
  return { accepted, decided: messages / ((performance.now() - begun) / 1_000) };
}

/**
 * Measures how many messages that recommend more capacity kas decides on per second. The fleet is at its maximum, so
 * that no activity starts.
 */
export async function decisionRate({ topic, url }: Rig, messages: number): Promise<number> {
  const begun = performance.now();
  for (let n = 0; n < messages; n++) await deliver(url, topic.notice("cpuhigh", BASE, "ALARM"));
  await decided(url);
  return messages / ((performance.now() - begun) / 1_000);
}

async function decided(url: string): Promise<void> {
  await eventually(
    async () => (await (await fetch(`${url}/status`)).json()).oldest as number | null,
    (oldest) => oldest === null,
    120_000,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
