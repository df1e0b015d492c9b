/**
 * The autoscaler keeps nothing of processed messages in memory. The soak test cannot show this, because each of its
 * processes runs only for a short time and its memory varies too much. This test measures the memory after garbage
 * collections and compares its growth with the number of messages in between.
 *
 * @module
 */
import { assert } from "@std/assert";
import { BASE, NODES, type Stage, stage } from "../unit/autoscaler/fixtures.ts";
import { eventually, start } from "../support/kas.ts";
import { sizeOf } from "./proofs.ts";
import { type Held, INSPECTED, Inspector } from "./memory/inspected.ts";
import { alarmArn } from "../support/alarm_arn.ts";

/** The number of messages in a round, and how many of them are sent at the same time. */
const MESSAGES = 150;
const AT_ONCE = 10;

/** The number of rounds for the warm-up, and the number of measured rounds after it. */
const ROUNDS = { warm: 8, measured: sizeOf("memory") };

/**
 * The number of samples at the beginning, and at the end. The lowest of them counts, because other work may be in
 * progress during a sample.
 */
const SAMPLES = 3;

const NODE = NODES[0];

/** Faults of every kind. They are rare, so that the autoscaler does not only wait. */
const FAULTS = ["sns-duplicates=0.3", "sns-loss=0.1", "throttle=0.02", "errors=0.005", "cut=0.005"];

/**
 * How many bytes of heap may remain per message. This is less than the 1,200 bytes of the message's text. Without a
 * leak 250 to 700 bytes per message remain, because V8 continues to compile hot code.
 */
const HEAP_A_MESSAGE = 1_000;
/** The same for resident memory. malloc returns only a part of it to the system. */
const RSS_A_MESSAGE = 8 * 1_024;
/** How many more files may be open at the end, because the number of connections varies. */
const FILES = 16;

Deno.test("the autoscaler's memory does not grow with the number of processed messages, starts and stops", async () => {
  await using set = await stage();
  const { sandbox: { env, faults }, options: { state } } = set;
  // If faults or load prevent an action, the next reconcile takes it.
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

/**
 * Runs one round: messages of another fleet, a start, a stop, and a request for every page. Resolves when all messages
 * are processed.
 */
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

/** Returns the message of a change of another fleet's alarm, with the longest description that CloudWatch allows. */
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
