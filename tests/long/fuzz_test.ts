/**
 * Sends mutated messages to `POST /` over sockets. The autoscaler must accept none, and must not crash, leak memory, or stay busy
 * (R12, R14, I7).
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { JournalLine } from "../../src/autoscaler/store/lines.ts";
import { makeSigner } from "../../src/sandbox/sns/certificate.ts";
import { realRuntime } from "../../src/runtime.ts";
import { BASE, type Stage, stage } from "../unit/autoscaler/fixtures.ts";
import { startProcess } from "../unit/autoscaler/process.ts";
import { BUILT, eventually } from "../support/kas.ts";
import type { Body } from "../unit/sns/fixtures.ts";
import { Client, post } from "./fuzz/client.ts";
import { forgeries } from "./fuzz/forgeries.ts";
import { Author, SECRET, TYPES } from "./fuzz/messages.ts";
import { observe, type Observer, watchedFetch } from "./fuzz/observer.ts";
import { fire, type Magazine, stillSlow, type Tallies } from "./fuzz/run.ts";
import { forgedUrls } from "./fuzz/urls.ts";
import { seedOf, sizeOf } from "./proofs.ts";
import { alarmArn } from "../support/alarm_arn.ts";

const COUNT = sizeOf("fuzz");
const SEED = seedOf();
const CONNECTIONS = 4;

/** How much higher the peak memory in the second half of a run may be than in the first half, in bytes. */
const HEAP_GROWTH = 8 * 2 ** 20;
const RSS_GROWTH = 96 * 2 ** 20;

const MIB = 2 ** 20;

/** An autoscaler's topic, and an observer of its requests. */
class Range implements AsyncDisposable {
  readonly stage: Stage;
  readonly observer: Observer;
  readonly author: Author;
  readonly magazine: Magazine;

  private constructor(stage: Stage, observer: Observer, author: Author) {
    const topicArn = stage.options.topicArn ?? "";
    this.stage = stage;
    this.observer = observer;
    this.author = author;
    const alarm = JSON.stringify({
      AlarmName: `kas:cpuhigh:${BASE}`,
      AlarmArn: alarmArn(`kas:cpuhigh:${BASE}`, topicArn),
      NewStateValue: "ALARM",
      OldStateValue: "OK",
      StateChangeTime: new Date().toISOString().replace("Z", "+0000"),
    });
    const versions = ["1", "2"] as const;
    this.magazine = {
      live: versions.flatMap((version) => [
        ...TYPES.map((type) => author.message(type, { Message: alarm }, version)),
        author.message("Notification", { Message: alarm, Subject: `ALARM: "kas:cpuhigh:${BASE}"` }, version),
        author.message("Notification", { Message: `${alarm} Grüße, 世界 🚀`, Subject: "Größe" }, version),
      ]),
      harmless: versions.flatMap((version) =>
        Array.from(
          { length: 4 },
          (_, i) => author.message("Notification", { Subject: `No alarm ${i}` }, version),
        )
      ),
      forgeries: forgeries({
        author,
        topicArn,
        urls: forgedUrls(observer.canary, observer.prefix),
        certs: observer.certs,
      }),
    };
  }

  static async open(): Promise<Range> {
    const theStage = await stage();
    const signer = makeSigner();
    const observer = observe(signer.pem);
    return new Range(
      theStage,
      observer,
      new Author(signer, theStage.options.topicArn ?? "", `${observer.prefix}signer.pem`),
    );
  }

  /** Sends a genuine message. It must be accepted within a second. */
  async probe(url: string): Promise<Body> {
    using client = new Client(url);
    const body = this.author.message("Notification", { Message: "a probe" });
    const { status, text, ms } = await client.send(post(JSON.stringify(body)));
    assertEquals([status, text], [200, "accepted"]);
    assert(ms < 1_000, `a genuine message took ${ms} ms`);
    return body;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.observer[Symbol.asyncDispose]();
    await this.stage[Symbol.asyncDispose]();
  }
}

/** Waits for the first reconcile. Returns the number of AWS calls so far. */
async function settled(url: string, { sandbox }: Stage): Promise<number> {
  await eventually(
    () => decided(url),
    (lines) => lines.some(({ trigger: source }) => source === "reconcile"),
  );
  return sandbox.calls.length;
}

async function decided(url: string): Promise<JournalLine[]> {
  return await (await fetch(`${url}/activities?limit=10000`)).json();
}

/** Asserts what must hold after every run. */
async function verdict(
  { url, range, tallies, calls, probes }: {
    readonly url: string;
    readonly range: Range;
    readonly tallies: Tallies;
    /** AWS's calls before. */
    readonly calls: number;
    readonly probes: readonly Body[];
  },
): Promise<void> {
  assertEquals(tallies.wrong, []);
  const accepted = [...range.magazine.harmless, ...probes].map(({ MessageId }) => String(MessageId));
  const decisions = await eventually(
    async () => (await decided(url)).filter(({ trigger: source }) => source === "notification"),
    ({ length }) => length >= accepted.length,
  );
  // There is one decision for each genuine message, and no other.
  assertEquals(decisions.map(({ message }) => message).toSorted(), accepted.toSorted());
  assertEquals(new Set(decisions.map(({ kind }) => kind)), new Set(["none"]));
  assertEquals(range.stage.sandbox.calls.length, calls, "AWS was called");
  const foreign = [...range.observer.requests.keys()].filter((target) =>
    !target.startsWith(range.observer.prefix) && target !== "sns.eu-west-1.amazonaws.com:443"
  );
  assertEquals(foreign, [], "something was fetched from where a message pointed");
}

function report(
  what: string,
  tallies: Tallies,
  seconds: number,
  memory: string,
  again: readonly string[],
): void {
  Deno.stdout.writeSync(new TextEncoder().encode(
    `fuzz, ${what}: ${tallies.count} messages, seed ${SEED}, ${
      seconds.toFixed(1)
    } s; ${memory}; ${tallies.slow.length} took over 50 ms, ${again.length} of them again\n${tallies.table()}`,
  ));
}

function growth(sizes: readonly number[]): number {
  const half = sizes.length / 2;
  return Math.max(...sizes.slice(half)) - Math.max(...sizes.slice(0, half));
}

function series(what: string, sizes: readonly number[]): string {
  return `${what} ${sizes.map((size) => (size / MIB).toFixed(0)).join(" ")} MiB`;
}

/** Collects garbage. Deno has no API for this. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

function heap(): number {
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

Deno.test("the autoscaler accepts no mutated message, does not crash, and keeps no mutated message in memory", async () => {
  await using range = await Range.open();
  const { fetch, fetched } = watchedFetch([range.stage.sandbox.url, range.observer.prefix, "http://127.77."]);
  await using autoscaler = range.stage.start({ trustSigner: range.observer.prefix }, {
    ...realRuntime,
    fetch,
  });
  const { url } = autoscaler;
  const calls = await settled(url, range.stage);
  const count = COUNT / 2;
  const probes = [await range.probe(url)];
  const heaps: number[] = [];
  const began = performance.now();
  const tallies = await fire(url, range.magazine, {
    seed: SEED,
    count,
    connections: CONNECTIONS,
    every: count / 10,
    between: async () => {
      probes.push(await range.probe(url));
      heaps.push(heap());
    },
  });
  const seconds = (performance.now() - began) / 1_000;
  const again = await stillSlow(url, tallies);
  const memory = series("heap", heaps);
  report("in this process", tallies, seconds, memory, again);

  await verdict({ url, range, tallies, calls, probes });
  assertEquals(
    [...fetched.keys()].filter((origin) => origin !== "https://sns.eu-west-1.amazonaws.com"),
    [],
  );
  assertEquals(again, []);
  assert(growth(heaps) < HEAP_GROWTH, memory);
});

Deno.test("the kas executable accepts no mutated message, does not crash, and does not use more and more memory", async () => {
  await using range = await Range.open();
  const { prefix } = range.observer;
  const proxy = new URL(prefix).origin;
  await using autoscaler = await startProcess(range.stage, {
    words: BUILT,
    args: ["--trust-signer", prefix],
    // All of its requests except those to AWS on 127.0.0.1 pass the observer.
    env: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: "127.0.0.1", DENO_NO_UPDATE_CHECK: "1" },
  });
  const { url } = autoscaler;
  const calls = await settled(url, range.stage);
  const count = COUNT / 2;
  const probes = [await range.probe(url)];
  const resident = () =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${autoscaler.pid}/status`))?.[1]) * 1_024;
  const sizes: number[] = [];
  const began = performance.now();
  const tallies = await fire(url, range.magazine, {
    seed: SEED + 1,
    count,
    connections: CONNECTIONS,
    every: count / 10,
    between: async () => {
      probes.push(await range.probe(url));
      sizes.push(resident());
    },
  });
  const seconds = (performance.now() - began) / 1_000;
  const again = await stillSlow(url, tallies);
  const memory = series("RSS", sizes);
  report("as a process", tallies, seconds, memory, again);

  await verdict({ url, range, tallies, calls, probes });
  assertEquals(again, []);
  assert(growth(sizes) < RSS_GROWTH, memory);
  assertEquals(autoscaler.lines.filter((line) => line.includes(SECRET)), []);
});
