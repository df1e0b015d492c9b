/**
 * `kas admin load`: sends requests to a load balancer or an instance, and measures the responses.
 *
 * @module
 */
import { command, type Context, ExitError, type Options, UsageError } from "../../../cli/command.ts";
import { duration, integer, oneOf, positive, url } from "../../../cli/parsers.ts";
import { ClientPool, HttpGetter, sendAtRate } from "./clients.ts";
import { LOAD_COLUMNS, type LoadRow, RequestStatistics } from "./statistics.ts";
import { realTimer } from "./timer.ts";
import { NINE_STEPS, THINK_MS } from "../scenario/nine_steps.ts";

const OPTIONS = {
  url: {
    placeholder: "URL",
    help: "URL to request at a load balancer or an instance; kas worker works at the path /work",
    parse: url,
  },
  clients: {
    placeholder: "N",
    help:
      "number of clients; each client sends a request, waits for the response, pauses, and starts again (default: 1)",
    parse: integer(1, 100_000),
  },
  think: {
    placeholder: "TIME",
    help: "pause of a client between a response and the next request",
    parse: duration,
    default: `${THINK_MS}ms`,
  },
  rate: {
    placeholder: "R",
    help: "instead of using clients, send R requests per second without waiting for responses",
    parse: positive,
  },
  duration: { placeholder: "TIME", help: "duration of the load", parse: duration, default: "60s" },
  scenario: {
    placeholder: "NAME",
    help: "start and stop clients as this scenario defines",
    parse: oneOf("nine-steps"),
    choices: ["nine-steps"],
  },
  step: {
    placeholder: "TIME",
    help: "duration of each step of the scenario",
    parse: duration,
    default: "600s",
  },
} as const satisfies Options;

/** Interval between two lines of progress, in ms. */
const PROGRESS_INTERVAL = 1_000;

/** The command `kas admin load`. */
export const load = command({
  name: "load",
  summary: "Send requests to a load balancer or an instance, and measure the responses",
  description:
    "Prints one row for each step of the scenario; without --scenario, one row. REQUESTS is the number of completed requests, ERRORS the\n" +
    "number of requests without a response of status 200. A note counts them by status. With --rate, the latencies include the time\n" +
    "by which kas sends a request too late. Ctrl-C ends the load and prints the row so far. The exit status is 1 if no request got\n" +
    "status 200.",
  options: OPTIONS,
  examples: [
    "admin load --url http://127.0.0.1:30000/work --clients 3 --duration 5m",
    "admin load --url http://127.0.0.1:30000/work --rate 50 --duration 60s",
    "admin load --url http://127.0.0.1:30000/work --scenario nine-steps",
  ],
  run: async (context) => {
    const { flags, out } = context;
    if (flags.url === undefined) {
      throw new UsageError(
        "kas admin load needs --url",
        "--url http://DNS_NAME:PORT/PATH, with DNS_NAME from kas admin balancers",
      );
    }
    const modes = (["clients", "rate", "scenario"] as const).filter((mode) => flags[mode] !== undefined);
    if (modes.length > 1) {
      throw new UsageError(
        `Use either --${modes[0]} or --${modes[1]}`,
        `--${modes[0]} ${flags[modes[0] ?? "clients"]}`,
      );
    }
    using getter = new HttpGetter(flags.url);
    const rows = flags.rate !== undefined
      ? rateRows(context, getter, flags.rate)
      : flags.scenario !== undefined
      ? stepRows(context, getter, flags.step, NINE_STEPS.map(({ clients }) => clients))
      : stepRows(context, getter, flags.duration, [
        Array.from({ length: flags.clients ?? 1 }, (_, n) => `${n + 1}`),
      ]);

    let successes = 0;
    await out.table(
      LOAD_COLUMNS,
      (async function* () {
        for await (const row of rows) {
          successes += row.requests - row.errors;
          yield row;
        }
      })(),
    );
    if (successes === 0) {
      throw new ExitError(
        `No request to ${flags.url} got status 200${getter.failures && `: ${getter.failures}`}`,
        1,
        ["curl", "-i", flags.url],
      );
    }
    if (getter.failures !== "") out.note(`Failed requests: ${getter.failures}`);
  },
});

type LoadContext = Context<typeof OPTIONS>;

/** Runs the clients of each step, and yields one row for each step. Ctrl-C ends the current step early. */
async function* stepRows(
  { flags: { think }, out, signal }: LoadContext,
  { send }: HttpGetter,
  stepLength: number,
  steps: readonly (readonly string[])[],
): AsyncGenerator<LoadRow> {
  let statistics = new RequestStatistics();
  const pool = new ClientPool({ send, think, signal, onRequestEnd: (ms, ok) => statistics.add(ms, ok) });
  for (const [index, clients] of steps.entries()) {
    if (signal.aborted) return;
    statistics = new RequestStatistics();
    const row = () => statistics.row(index + 1, clients.length);
    const leaving = pool.setClients(clients);
    await waitWithProgress(stepLength, signal, () => out.progress(progressLine(row())));
    await leaving;
    if (index === steps.length - 1) await pool.setClients([]);
    yield row();
  }
}

/** Sends requests at a fixed rate and yields one row. */
async function* rateRows(
  { flags, out, signal }: LoadContext,
  { send }: HttpGetter,
  rate: number,
): AsyncGenerator<LoadRow> {
  const statistics = new RequestStatistics();
  const stop = new AbortController();
  const sending = sendAtRate({
    send,
    rate,
    signal,
    stop: stop.signal,
    onRequestEnd: (ms, ok) => statistics.add(ms, ok),
  });
  const row = () => statistics.row(1, undefined);
  await waitWithProgress(flags.duration, signal, () => out.progress(progressLine(row())));
  stop.abort();
  await sending;
  yield row();
}

/** Waits until the time is over or the signal aborts. Calls `onProgress` every second. */
async function waitWithProgress(ms: number, signal: AbortSignal, onProgress: () => void): Promise<void> {
  const interval = setInterval(onProgress, PROGRESS_INTERVAL);
  try {
    await realTimer.wait(ms, signal);
  } finally {
    clearInterval(interval);
  }
}

function progressLine(row: LoadRow): string {
  const { step, clients, requests, errors, rps, "p50_ms": p50, "p99_ms": p99 } = row;
  const who = clients === undefined ? "" : `, ${clients} clients`;
  return `step ${step}${who}: ${requests} requests, ${errors} errors, ${rps}/s, p50 ${p50 ?? "-"} ms, p99 ${
    p99 ?? "-"
  } ms`;
}
