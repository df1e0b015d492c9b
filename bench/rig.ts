/**
 * kas's autoscaler and its predecessor at work over a fleet in a sandbox, and the messages that are sent to them.
 *
 * @module
 */
import { BUILT, eventually, type Running, start } from "../tests/support/kas.ts";
import type { Fleet } from "./fleet.ts";
import { freePort } from "./servers.ts";
import { deliver, Topic } from "./topic.ts";

/** The base, which is busy whenever more is asked for. */
export const BASE = "i-00000000000000001";

/** The longest that the first look at a fleet may take, ms. */
const LONGEST_LOOK = 120_000;

/** Messages of a burst that are under way at once. */
const AT_ONCE = 16;

/** kas or its predecessor, the topic and the fleet. */
export interface Rig extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly topic: Topic;
  readonly url: string;
  readonly pid: number;
}

/** Starts kas over a fleet; it has resynced once this resolves. */
export async function kasRig(fleet: Fleet, more: readonly string[] = []): Promise<Rig> {
  await using stack = new AsyncDisposableStack();
  const state = await Deno.makeTempDir({ prefix: "kas-bench-" });
  stack.defer(() => Deno.remove(state, { recursive: true }));
  const { env } = fleet.sandbox;
  const topic = stack.use(new Topic(env["KAS_TOPIC_ARN"] ?? ""));
  const durations = ["--warmup=0s", "--cooldown-in=0s", "--resync=1h", "--start-timeout=10m"];
  const words = ["autoscaler", "--listen=127.0.0.1:0", `--state=${state}`, `--trust-signer=${topic.prefix}`];
  const kas: Running = stack.use(start([...BUILT, ...words, ...durations, ...more], env));
  const [, url = ""] = await kas.line(/listening on (http:\/\/[^\s"]+)/);
  await eventually(
    async () => await (await fetch(`${url}/activities`)).json() as unknown[],
    ({ length }) => length > 0,
    LONGEST_LOOK,
  );
  const owned = stack.move();
  return { fleet, topic, url, pid: kas.pid, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts the predecessor's way of reacting over a fleet (bench/peers/scaler.py). */
export async function predecessorRig(fleet: Fleet): Promise<Rig> {
  await using stack = new AsyncDisposableStack();
  const { env, url: endpoint } = fleet.sandbox;
  const topic = stack.use(new Topic(env["KAS_TOPIC_ARN"] ?? ""));
  const port = freePort();
  const script = new URL("./peers/scaler.py", import.meta.url).pathname;
  const { pid } = stack.use(start(["python3", script, String(port), "kas", "kas", endpoint], env));
  const url = `http://127.0.0.1:${port}`;
  await eventually(() => fetch(url).then((it) => it.text(), () => ""), (text) => text === "pong");
  const owned = stack.move();
  return { fleet, topic, url, pid, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What a reaction took, ms. */
export interface Reaction {
  /** Until StartInstances was on the wire. */
  readonly started: number;
  /** Until the message was answered. */
  readonly answered: number;
}

/** One reaction to an alarm that asks for an instance; what was started is stopped again where few are left. */
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
    await deliver(url, topic.notice("cpulow", id, "OK"));
    await sandbox.account.waitUntil(() => instances().filter(({ state }) => state === "stopped").length >= 5);
    await pause(500);
  }
  return took;
}

/** Sends so many messages a second that ask for nothing, for as long as something is measured. */
export async function beside<T>(
  { fleet, topic, url }: Rig,
  rate: number,
  measure: () => Promise<T>,
): Promise<T> {
  const others = fleet.sandbox.account.instances().map(({ id }) => id);
  const over = new AbortController();
  const noise = (async () => {
    const sent: Promise<void>[] = [];
    for (let n = 0; rate > 0 && !over.signal.aborted; n++) {
      // What has calmed down is verified, stored and decided on all the same.
      sent.push(deliver(url, topic.notice("cpuhigh", others[1 + n % (others.length - 1)] ?? "", "OK")));
      await pause(1_000 / rate);
    }
    await Promise.all(sent);
  })();
  try {
    return await measure();
  } finally {
    over.abort();
    await noise;
  }
}

/** So many messages at once: accepted, and decided on, a second. */
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
  await workedOff(url);
  return { accepted, decided: messages / ((performance.now() - begun) / 1_000) };
}

/** Messages that ask for more, each with a look at the whole fleet, decided on a second: at max, so that nothing is begun. */
export async function asks({ topic, url }: Rig, messages: number): Promise<number> {
  const begun = performance.now();
  for (let n = 0; n < messages; n++) await deliver(url, topic.notice("cpuhigh", BASE, "ALARM"));
  await workedOff(url);
  return messages / ((performance.now() - begun) / 1_000);
}

async function workedOff(url: string): Promise<void> {
  await eventually(
    async () => (await (await fetch(`${url}/status`)).json()).oldest as number | null,
    (oldest) => oldest === null,
    120_000,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
