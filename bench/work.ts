/**
 * /work: how much of it is done as clients come, how long it takes, who waits, and what becomes of those that are refused or leave.
 *
 * @module
 */
import { BUILT, eventually, type Running, start } from "../tests/support/kas.ts";
import { measured, type Options, type Part, quantile, type Result } from "./result.ts";

/** Clients that ask again as soon as they are answered, and how long each number of them does, s. */
const CLIENTS = [[1, 6], [2, 6], [4, 8], [16, 12], [64, 24]] as const;

/** ms that a burn is asked to take, least and most. */
const ASKED = [450, 550] as const;

/** A /work as its client saw it. Times are ms. */
interface Seen {
  readonly status: number;
  /** What the worker says that it took. */
  readonly burned: number;
  /** From asking to the answer. */
  readonly took: number;
  readonly retryAfter: string | null;
}

async function startWorker(...options: readonly string[]): Promise<Running & { readonly url: string }> {
  const worker = start([...BUILT, "worker", "--listen", "127.0.0.1:0", ...options]);
  const [, url = ""] = await worker.line(/listening on (http:\/\/[^\s"]+)/);
  return { ...worker, url };
}

async function ask(url: string, signal?: AbortSignal): Promise<Seen> {
  const begun = performance.now();
  const response = await fetch(`${url}/work`, signal === undefined ? {} : { signal });
  const burned = Number((await response.text()).split("\t")[1]) * 1_000;
  const took = performance.now() - begun;
  return { status: response.status, burned, took, retryAfter: response.headers.get("retry-after") };
}

/** So many clients for so many seconds; what was begun in that time is finished. */
async function clients(url: string, count: number, seconds: number): Promise<{ all: Seen[]; rate: number }> {
  const begun = performance.now();
  const end = begun + seconds * 1_000;
  const all: Seen[] = [];
  await Promise.all(Array.from({ length: count }, async () => {
    while (performance.now() < end) all.push(await ask(url));
  }));
  return { all, rate: all.length / ((performance.now() - begun) / 1_000) };
}

/** Twice as many at once as are admitted: how many are served, how many refused, and how quickly. */
async function refused(): Promise<{ served: number; refused: Seen[]; dropped: number }> {
  await using worker = await startWorker("--threads", "2", "--queue", "10");
  // Its threads are there by then.
  await Promise.all([ask(worker.url), ask(worker.url)]);
  const answers = await Promise.allSettled(Array.from({ length: 24 }, () => ask(worker.url)));
  const all = answers.flatMap((answer) => answer.status === "fulfilled" ? [answer.value] : []);
  return {
    served: all.filter(({ status }) => status === 200).length,
    refused: all.filter(({ status }) => status === 503),
    dropped: answers.length - all.length,
  };
}

/** How long after ten clients have left, each of whom would have had a minute of work, the next one's begins, ms. */
async function left(): Promise<number> {
  await using worker = await startWorker("--threads", "1", "--queue", "9", "--work-ms", "60000");
  const leave = new AbortController();
  const gone = Array.from({ length: 10 }, () => ask(worker.url, leave.signal).catch(() => undefined));
  await eventually(async () => (await fetch(`${worker.url}/work`)).status, (status) => status === 503);
  leave.abort();
  await Promise.all(gone);
  const begun = performance.now();
  for (;;) {
    const next = new AbortController();
    // A request that is not refused within so long waits or burns: there is a place.
    const timer = setTimeout(() => next.abort(), 100);
    const status = await ask(worker.url, next.signal).then(({ status }) => status, () => undefined);
    clearTimeout(timer);
    if (status === undefined) return performance.now() - begun - 100;
  }
}

async function run({ quick }: Options): Promise<Result> {
  const rows = [];
  {
    await using worker = await startWorker("--work-ms", ASKED.join("-"));
    for (const [count, seconds] of quick ? CLIENTS.slice(0, 3) : CLIENTS) {
      const { all, rate } = await clients(worker.url, count, quick ? 2 : seconds);
      const waits = all.map(({ took, burned }) => took - burned);
      const burned = all.map(({ burned }) => burned);
      const out = burned.filter((ms) => ms < ASKED[0] || ms > ASKED[1]).length;
      const fair = Math.max(...waits) / Math.max(1, quantile(waits, 0.5));
      rows.push([
        count,
        rate,
        measured(burned),
        `${out} of ${burned.length}`,
        quantile(waits, 0.5),
        Math.max(...waits),
        fair,
      ]);
    }
  }
  const end = await refused();
  const slowest = Math.max(...end.refused.map(({ took }) => took));
  const rest = quick
    ? [await left()]
    : [await left(), await left(), await left(), await left(), await left()];
  return {
    part: "work",
    title: "/work",
    how:
      `kas worker by itself, ${navigator.hardwareConcurrency} threads, ${
        ASKED.join(" to ")
      } ms of work asked, clients that ask again ` +
      "as soon as they are answered. A wait is what an answer took beyond its work.",
    tables: [{
      title: "As clients come",
      columns: [
        "clients",
        "answers a second",
        "work, ms",
        `outside ${ASKED.join("–")} ms`,
        "median wait, ms",
        "longest wait, ms",
        "longest / median",
      ],
      rows,
    }],
    goals: [
      {
        goal: "/work: at the queue's end 503 with Retry-After, at once, and no connection dropped",
        found:
          `of 24 at once to 2 threads and a queue of 10: ${end.served} served, ${end.refused.length} refused ` +
          `(the slowest refusal took ${slowest.toFixed(0)} ms), ${end.dropped} dropped`,
        met: end.served === 12 && end.refused.length === 12 && end.dropped === 0 && slowest < ASKED[0] &&
          end.refused.every(({ retryAfter }) => retryAfter !== null),
      },
      {
        goal: "/work: clients that leave free their places at once",
        found: `after ${measured(rest).median.toFixed(0)} ms (${rest.length} times ten clients)`,
        met: measured(rest).median < 100,
      },
    ],
    notes: [],
    panels: [],
  };
}

/** /work. */
export const work: Part = { name: "work", needs: [], run };
