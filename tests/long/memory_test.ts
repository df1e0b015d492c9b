/**
 * The autoscaler keeps nothing of processed messages in memory. A soak's lives are too short and its memory is too noisy to show this;
 * this test compares memory after garbage collections with the number of messages in between.
 *
 * @module
 */
import { assert } from "@std/assert";
import { BASE, NODES, type Stage, stage } from "../unit/autoscaler/fixtures.ts";
import { eventually, start } from "../support/kas.ts";
import { sizeOf } from "./proofs.ts";
import { type Held, INSPECTED, Inspector } from "./memory/inspected.ts";
import { alarmArn } from "../support/alarm_arn.ts";

/** Messages per round, and how many are sent at the same time. */
const MESSAGES = 150;
const AT_ONCE = 10;

/** Rounds of warm-up, and measured rounds after it. */
const ROUNDS = { warm: 5, measured: sizeOf("memory") };

/** Samples at the beginning and at the end, of which the lowest counts: one may be taken during other work. */
const SAMPLES = 3;

const NODE = NODES[0];

/** Faults of every kind, rare enough that there is more than waiting. */
const FAULTS = ["sns-duplicates=0.3", "sns-loss=0.1", "throttle=0.02", "errors=0.005", "cut=0.005"];

/**
 * Bytes of heap that may remain per message: less than its text of 1,200. V8 keeps compiling hot code, which adds 350 to 450 bytes per
 * message in runs without a leak.
 */
const HEAP_A_MESSAGE = 1_000;
/** The same for resident memory, of which malloc returns only a part. */
const RSS_A_MESSAGE = 8 * 1_024;
/** How many more files may be open: the number of connections varies. */
const FILES = 16;

Deno.test("the autoscaler's memory does not grow with the number of processed messages, starts and stops", async () => {
  await using set = await stage();
  const { sandbox: { env, faults }, options: { state } } = set;
  // The next reconcile makes up for what faults and load prevented.
  const durations = ["--warmup", "0s", "--cooldown-in", "0s", "--metric-delay", "0s", "--resync", "1s"];
  const words = ["autoscaler", "--listen", "127.0.0.1:0", "--state", `${state}/process`, ...durations];
  await using autoscaler = start([...INSPECTED, ...words], env);
  const [, url = ""] = await autoscaler.line(/listening on (http:\/\/[^\s"]+)/);
  using inspector = await Inspector.of(autoscaler);
  await set.subscribe({ url });
  for (const fault of FAULTS) faults.set(fault);

  const seen: Held[] = [];
  for (let round = 0; round < ROUNDS.warm + ROUNDS.measured; round++) {
    await passed(set, url);
    if (round >= ROUNDS.warm - 1) seen.push(await inspector.held());
  }

  const messages = (seen.length - SAMPLES) * MESSAGES;
  report(seen, messages);
  const lowest = (what: keyof Held, looks: readonly Held[]) => Math.min(...looks.map((held) => held[what]));
  const grown = (what: keyof Held) =>
    lowest(what, seen.slice(-SAMPLES)) - lowest(what, seen.slice(0, SAMPLES));
  assert(
    grown("heap") / messages <= HEAP_A_MESSAGE,
    `${grown("heap")} bytes of heap remain of ${messages} messages`,
  );
  assert(
    grown("rss") / messages <= RSS_A_MESSAGE,
    `${grown("rss")} bytes of memory remain of ${messages} messages`,
  );
  assert(grown("files") <= FILES, `${grown("files")} more files are open`);
});

/** One round: messages of another fleet, a start, a stop, and every page. Resolves once everything is processed. */
async function passed(set: Stage, url: string): Promise<void> {
  for (let sent = 0; sent < MESSAGES; sent += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => set.publish(change()).catch(() => {})));
  }
  await set.alarm("cpuhigh", BASE, "ALARM");
  await eventually(() => set.standing(NODE), (it) => it === "running in-service", 60_000);
  await set.alarm("cpuhigh", BASE, "OK");
  await set.alarm("cpulow", NODE, "ALARM");
  await set.alarm("cpulow", NODE, "OK");
  await eventually(() => set.standing(NODE), (it) => it === "stopped none", 60_000);
  for (const page of ["activities", "decisions", "metrics"]) await (await fetch(`${url}/${page}`)).text();
  await eventually(
    async () => (await (await fetch(`${url}/status`)).json()).messages.waiting,
    (waiting) => waiting === 0,
    60_000,
  );
}

/** A change of another fleet's alarm, with the longest description that CloudWatch allows. */
function change(): string {
  return JSON.stringify({
    AlarmName: `other:cpuhigh:${BASE}`,
    AlarmArn: alarmArn(`other:cpuhigh:${BASE}`),
    AlarmDescription: crypto.randomUUID().padEnd(1_024, "."),
    OldStateValue: "OK",
    NewStateValue: "ALARM",
    StateChangeTime: new Date().toISOString().replace("Z", "+0000"),
  });
}

/** Prints the samples. */
function report(seen: readonly Held[], messages: number): void {
  const mib = (what: "heap" | "rss") => seen.map((held) => (held[what] / 2 ** 20).toFixed(2)).join(" ");
  const lines = [
    `memory after garbage collections, ${messages} messages between the first and the last samples, MiB`,
    `  heap   ${mib("heap")}`,
    `  RSS    ${mib("rss")}`,
    `  files  ${seen.map(({ files }) => files).join(" ")}`,
  ];
  Deno.stdout.writeSync(new TextEncoder().encode(`\n${lines.join("\n")}\n`));
}
