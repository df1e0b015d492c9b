/**
 * Measures /work: the rate, the duration and the wait of requests by number of clients, the refusals of a full queue,
 * and what happens when clients disconnect.
 *
 * @module
 */
import { BUILT, eventually, type Running, start } from "../../tests/support/kas.ts";
import { measured, type Options, type Part, quantile, type Result } from "../report/result.ts";

/**
 * The number of clients, and for how many seconds they send requests. A client sends its next request after an answer.
 */
const CLIENTS = [[1, 6], [2, 6], [4, 8], [16, 12], [64, 24]] as const;

/** The shortest and the longest work of a request, in ms. */
const ASKED = [450, 550] as const;

/** A /work request as its client observed it. Times are in ms. */
interface Seen {
  readonly status: number;
  /** How long the work took, as the worker reports. */
  readonly burned: number;
  /** The time from the request to the answer. */
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

/** Runs `count` clients for `seconds`. Then waits for the requests in progress. */
async function clients(url: string, count: number, seconds: number): Promise<{ all: Seen[]; rate: number }> {
  const begun = performance.now();
  const end = begun + seconds * 1_000;
  const all: Seen[] = [];
  await Promise.all(Array.from({ length: count }, async () => {
    while (performance.now() < end) all.push(await ask(url));
  }));
  return { all, rate: all.length / ((performance.now() - begun) / 1_000) };
}

/** Sends twice as many requests at the same time as the queue admits. */
async function refused(): Promise<{ served: number; refused: Seen[]; dropped: number }> {
  await using worker = await startWorker("--threads", "2", "--queue", "10");
  // Send two requests first, so that the worker starts its threads.
  await Promise.all([ask(worker.url), ask(worker.url)]);
  const answers = await Promise.allSettled(Array.from({ length: 24 }, () => ask(worker.url)));
  const all = answers.flatMap((answer) => answer.status === "fulfilled" ? [answer.value] : []);
  return {
    served: all.filter(({ status }) => status === 200).length,
    refused: all.filter(({ status }) => status === 503),
    dropped: answers.length - all.length,
  };
}

/**
 * Measures how soon the work of a new client begins after ten clients with a minute of work each have disconnected, in
 * ms.
 */
async function timeToFree(): Promise<number> {
  await using worker = await startWorker("--threads", "1", "--queue", "9", "--work-ms", "60000");
  const leave = new AbortController();
  const gone = Array.from({ length: 10 }, () => ask(worker.url, leave.signal).catch(() => undefined));
  await eventually(async () => (await fetch(`${worker.url}/work`)).status, (status) => status === 503);
  leave.abort();
  await Promise.all(gone);
  const begun = performance.now();
  for (;;) {
    const next = new AbortController();
    // If the worker does not refuse a request within this time, it has admitted the request.
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
    ? [await timeToFree()]
    : [await timeToFree(), await timeToFree(), await timeToFree(), await timeToFree(), await timeToFree()];
  return {
    part: "work",
    title: "/work",
    how:
      `kas worker without nginx, ${navigator.hardwareConcurrency} threads, ${
        ASKED.join(" to ")
      } ms of work per request. Each client ` +
      "sends its next request right after an answer. The wait is the time to the answer minus the work.",
    tables: [{
      title: "By number of clients",
      columns: [
        "clients",
        "answers per second",
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
        goal: "/work: a full queue answers 503 with Retry-After at once, and drops no connection",
        found:
          `of 24 concurrent requests to 2 threads and a queue of 10: ${end.served} served, ${end.refused.length} refused ` +
          `(the slowest refusal took ${slowest.toFixed(0)} ms), ${end.dropped} dropped`,
        met: end.served === 12 && end.refused.length === 12 && end.dropped === 0 && slowest < ASKED[0] &&
          end.refused.every(({ retryAfter }) => retryAfter !== null),
      },
      {
        goal: "/work: the places of clients that leave are free at once",
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
