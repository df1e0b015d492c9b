/**
 * `kas admin load`: the load generator.
 *
 * @module
 */
import { command, type Context, ExitError, type Options, UsageError } from "../../cli/command.ts";
import { duration, integer, oneOf, positive, url } from "../../cli/parsers.ts";
import { ClientPool, HttpGetter, realTimer, sendAtRate } from "./clients.ts";
import { LOAD_COLUMNS, type LoadRow, RequestStatistics } from "./statistics.ts";
import { NINE_STEPS, THINK_MS } from "../sandbox/scenario/nine_steps.ts";

const OPTIONS = {
  url: { placeholder: "URL", help: "the worker or load balancer; /work is asked of it", parse: url },
  clients: {
    placeholder: "N",
    help: "clients that each ask, wait for the answer, think, and ask again; by default 1",
    parse: integer(1, 100_000),
  },
  think: {
    placeholder: "TIME",
    help: "how long a client thinks before it asks again",
    parse: duration,
    default: `${THINK_MS}ms`,
  },
  rate: {
    placeholder: "R",
    help:
      "instead of clients, R requests a second whether answered or not; latency counts from when each was due",
    parse: positive,
  },
  duration: { placeholder: "TIME", help: "how long", parse: duration, default: "60s" },
  scenario: {
    placeholder: "NAME",
    help: "clients A to D come and go by the steps of a scenario",
    parse: oneOf("nine-steps"),
    choices: ["nine-steps"],
  },
  step: {
    placeholder: "TIME",
    help: "how long each step of the scenario takes",
    parse: duration,
    default: "300s",
  },
} as const satisfies Options;

/** Between two lines of progress, ms. */
const PROGRESS = 1_000;

/** `kas admin load`. */
export const load = command({
  name: "load",
  summary: "Load a worker or load balancer with clients",
  description:
    "Prints a row a step: requests counts every one that was answered or failed, errors those not answered 200.\n" +
    "Ctrl-C ends it with the row so far. Exit status 1 if nothing was answered.",
  options: OPTIONS,
  examples: [
    "admin load --url http://127.0.0.1:30000 --clients 3 --duration 5m",
    "admin load --url http://127.0.0.1:30000 --rate 50 --duration 60s",
    "admin load --url http://127.0.0.1:30000 --scenario nine-steps",
  ],
  run: async (context) => {
    const { flags, out } = context;
    if (flags.url === undefined) {
      throw new UsageError(
        "kas admin load needs --url",
        "--url http://DNS_NAME:30000, the name from kas admin balancers",
      );
    }
    const ways = (["clients", "rate", "scenario"] as const).filter((way) => flags[way] !== undefined);
    if (ways.length > 1) {
      throw new UsageError(
        `--${ways[0]} and --${ways[1]} exclude each other`,
        `--${ways[0]} ${flags[ways[0] ?? "clients"]}`,
      );
    }
    using getter = new HttpGetter(new URL("/work", flags.url).href);
    const rows = flags.rate !== undefined
      ? atRate(context, getter, flags.rate)
      : flags.scenario !== undefined
      ? inSteps(context, getter, flags.step, NINE_STEPS.map(({ clients }) => clients))
      : inSteps(context, getter, flags.duration, [
        Array.from({ length: flags.clients ?? 1 }, (_, n) => `${n + 1}`),
      ]);

    let answered = 0;
    await out.table(
      LOAD_COLUMNS,
      (async function* () {
        for await (const row of rows) {
          answered += row.requests - row.errors;
          yield row;
        }
      })(),
    );
    if (answered === 0) {
      throw new ExitError(`${flags.url} answered nothing`, 1, `curl -i ${new URL("/ping", flags.url)}`);
    }
  },
});

type LoadContext = Context<typeof OPTIONS>;

/** Clients that come and go from step to step; yields a row a step, the last one's cut short if it is interrupted. */
async function* inSteps(
  { flags: { think }, out, signal }: LoadContext,
  { send }: HttpGetter,
  length: number,
  steps: readonly (readonly string[])[],
): AsyncGenerator<LoadRow> {
  let tally = new RequestStatistics();
  const crowd = new ClientPool({ send, think, signal, onRequestEnd: (ms, ok) => tally.add(ms, ok) });
  for (const [index, clients] of steps.entries()) {
    if (signal.aborted) return;
    tally = new RequestStatistics();
    const row = () => tally.row(index + 1, clients.length);
    const left = crowd.setClients(clients);
    await inTime(length, signal, () => out.progress(line(row())));
    await left;
    if (index === steps.length - 1) await crowd.setClients([]);
    yield row();
  }
}

/** Arrivals at a fixed rate; yields one row. */
async function* atRate(
  { flags, out, signal }: LoadContext,
  { send }: HttpGetter,
  rate: number,
): AsyncGenerator<LoadRow> {
  const tally = new RequestStatistics();
  const leave = new AbortController();
  const arriving = sendAtRate({
    send,
    rate,
    signal,
    stop: leave.signal,
    onRequestEnd: (ms, ok) => tally.add(ms, ok),
  });
  await inTime(flags.duration, signal, () => out.progress(line(tally.row(1, undefined))));
  leave.abort();
  await arriving;
  yield tally.row(1, undefined);
}

/** Waits for the time to pass or for an interruption, and tells how it goes on the way. */
async function inTime(ms: number, signal: AbortSignal, tell: () => void): Promise<void> {
  const ticker = setInterval(tell, PROGRESS);
  try {
    await realTimer.wait(ms, signal);
  } finally {
    clearInterval(ticker);
  }
}

function line({ step, clients, requests, errors, rps, "p50_ms": p50, "p99_ms": p99 }: LoadRow): string {
  const who = clients === undefined ? "" : `, ${clients} clients`;
  return `step ${step}${who}: ${requests} requests, ${errors} errors, ${rps}/s, p50 ${p50 ?? "-"} ms, p99 ${
    p99 ?? "-"
  } ms`;
}
