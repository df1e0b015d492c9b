/**
 * What an autoscaler keeps in memory of messages that it has dealt with: nothing. A soak's lives are too short and its memory
 * too noisy to tell; here what is held is looked at after a collection, and held against the messages in between.
 *
 * @module
 */
import { assert } from "@std/assert";
import { BASE, NODES, type Stage, stage } from "../unit/autoscaler/fixtures.ts";
import { eventually, start } from "../support/kas.ts";
import { sizeOf } from "./proofs.ts";
import { type Held, INSPECTED, Inspector } from "./memory/inspected.ts";

/** Messages of a round, and how many are on their way at once. */
const MESSAGES = 150;
const AT_ONCE = 10;

/** Rounds of warm-up, and those that are measured after it. */
const ROUNDS = { warm: 5, measured: sizeOf("memory") };

/** Looks of which the lowest counts, at the beginning and at the end: one may come while something is still under way. */
const LOOKS = 3;

const NODE = NODES[0];

/** Weather in which every way to fail is gone, and not so often that there is little but waiting. */
const FAULTS = ["sns-duplicates=0.3", "sns-loss=0.1", "throttle=0.02", "errors=0.005", "cut=0.005"];

/**
 * Bytes that may stay of each message: less than its text, which alone has 1,200. V8 goes on compiling what has become hot, 350 to 450
 * bytes a message in runs without a leak.
 */
const HEAP_A_MESSAGE = 1_000;
/** The same of all memory: malloc gives back what it likes. */
const RSS_A_MESSAGE = 8 * 1_024;
/** Connections are opened and closed as the moment wants it. */
const FILES = 16;

Deno.test("of messages dealt with, and of starts and stops, nothing stays in memory", async () => {
  await using set = await stage();
  const { sandbox: { env, faults }, options: { state } } = set;
  // What weather and load make it miss, the next resync makes up for.
  const durations = ["--warmup", "0s", "--cooldown-in", "0s", "--resync", "1s"];
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

  const messages = (seen.length - LOOKS) * MESSAGES;
  report(seen, messages);
  const lowest = (what: keyof Held, looks: readonly Held[]) => Math.min(...looks.map((held) => held[what]));
  const grown = (what: keyof Held) => lowest(what, seen.slice(-LOOKS)) - lowest(what, seen.slice(0, LOOKS));
  assert(
    grown("heap") / messages <= HEAP_A_MESSAGE,
    `${grown("heap")} bytes of heap stay of ${messages} messages`,
  );
  assert(
    grown("rss") / messages <= RSS_A_MESSAGE,
    `${grown("rss")} bytes of memory stay of ${messages} messages`,
  );
  assert(grown("files") <= FILES, `${grown("files")} more files are open`);
});

/** One round: many messages that ask for nothing here, a start, a stop, and every page; until all is dealt with. */
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

/** An alarm's change of another fleet, with as long a description as CloudWatch takes. */
function change(): string {
  return JSON.stringify({
    AlarmName: `other:cpuhigh:${BASE}`,
    AlarmDescription: crypto.randomUUID().padEnd(1_024, "."),
    OldStateValue: "OK",
    NewStateValue: "ALARM",
    StateChangeTime: new Date().toISOString().replace("Z", "+0000"),
  });
}

/** Prints what was seen. */
function report(seen: readonly Held[], messages: number): void {
  const mib = (what: "heap" | "rss") => seen.map((held) => (held[what] / 2 ** 20).toFixed(2)).join(" ");
  const lines = [
    `memory after a collection, ${messages} messages from the lowest at first to the lowest at last, MiB`,
    `  heap   ${mib("heap")}`,
    `  RSS    ${mib("rss")}`,
    `  files  ${seen.map(({ files }) => files).join(" ")}`,
  ];
  Deno.stdout.writeSync(new TextEncoder().encode(`\n${lines.join("\n")}\n`));
}
