/**
 * Measures /ping while every thread of the worker is busy with /work and more requests wait. This is a health check of
 * a busy instance.
 *
 * @module
 */
import { inTurns, type Runs } from "./ping.ts";
import {
  type Goal,
  type Measured,
  measured,
  type Options,
  type Part,
  type Result,
  share,
} from "../report/result.ts";
import { KAS, NGINX, type Server, startServers } from "../support/servers.ts";
import { type Wrk, wrk } from "../support/wrk.ts";

/** The number of /work requests per CPU that are in progress during the measurement. */
const WORKS = 4;

/**
 * A number of /work requests per CPU at which the worker's queue refuses some. By default the queue admits 100 per CPU.
 */
const TOO_MANY = 256;

/** The number of connections of the measurement at full rate. */
const MANY = 32;

/** The pause after a measurement, in ms. The last /work requests of a server end before the next server is measured. */
const SETTLE = 1_500;

/** The goals: the highest p99 in ms, and the lowest share of the rate on an idle machine. */
const P99 = 5;
const KEPT = 0.5;

/**
 * After this many seconds without an answer, a load balancer counts a health check as failed. Source: the Timeout that
 * `kas admin setup` sets.
 */
const CHECK_TIMEOUT = 5;

/** Runs a measurement while a number of /work requests is in progress. */
async function under<T>(
  works: number,
  server: Server,
  seconds: number,
  measure: () => Promise<T>,
): Promise<T> {
  // wrk takes up to a second to send all requests.
  const working = wrk(`${server.url}/work`, works, seconds + 2);
  await pause(1_000);
  try {
    return await measure();
  } finally {
    await working;
    await pause(SETTLE);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function run({ quick }: Options): Promise<Result> {
  const [times, seconds] = quick ? [1, 1] : [5, 2];
  await using servers = await startServers(["kas", "node", "predecessor"]);
  const { all, skipped } = servers;
  const kas = all.find(({ name }) => name === KAS);
  if (kas === undefined) throw new Error("kas worker is not among the servers");
  const cpus = navigator.hardwareConcurrency;
  const pings = (connections: number, { url }: Server) => wrk(`${url}/ping`, connections, seconds);
  const idle = await inTurns(all, times, (server) => pings(MANY, server));
  const busy = await inTurns(all, times, (server) =>
    // The site of nginx alone has no /work, so kas keeps the CPUs busy.
    under(WORKS * cpus, server.name === NGINX ? kas : server, 2 * seconds, async () => ({
      one: await pings(1, server),
      many: await pings(MANY, server),
    })));
  const of = (key: "one" | "many"): Runs =>
    new Map([...busy].map(([name, runs]) => [name, runs.map((run) => run[key])]));
  const [one, many] = [of("one"), of("many")];
  const refusing = await inTurns(
    [kas],
    times,
    (server) => under(TOO_MANY * cpus, server, seconds, () => pings(1, server)),
  );

  const kept = new Map(all.map(({ name }) => [name, keptOf(idle, many, name)]));
  return {
    part: "loaded",
    title: "/ping while /work keeps every CPU busy",
    how:
      `As before, while another wrk keeps ${WORKS} /work requests per CPU outstanding. While nginx alone is measured, kas is busy. ` +
      `One ping at a time, and at full rate over ${MANY} connections. ${times} times in turns, ${seconds} s each.`,
    tables: [
      table("One ping at a time, ms", one),
      table(
        `One ping at a time while ${TOO_MANY} /work requests per CPU are outstanding, of which the queue refuses some, ms`,
        refusing,
      ),
      {
        title: `${MANY} connections`,
        columns: [
          "server",
          "pings per second",
          "share of its idle rate",
          "p50, ms",
          "p99, ms",
          "max, ms",
          "failed",
        ],
        rows: [...many].map(([name, runs]) => [
          name,
          measured(runs.map(({ rate }) => rate)),
          kept.get(name) ?? "",
          ...latencies(runs),
          failed(runs),
        ]),
      },
    ],
    goals: goals(one, refusing, many, kept.get(KAS)),
    notes: [...skipped],
    panels: [{
      title: "A ping while /work keeps every CPU busy, p99",
      unit: "ms",
      better: "less",
      bars: [...one].map(([label, runs]) => ({
        label,
        value: measured(runs.map(({ p99 }) => p99)).median,
        ours: label === KAS,
      })),
    }],
  };
}

/** Returns a server's rate under load divided by its rate on an idle machine, turn by turn. */
function keptOf(idle: Runs, busy: Runs, name: string): Measured {
  const rates = (runs: Runs) => (runs.get(name) ?? []).map(({ rate }) => rate);
  return share(rates(busy), rates(idle));
}

function table(title: string, runs: Runs) {
  return {
    title,
    columns: ["server", "p50", "p99", "max", "failed"],
    rows: [...runs].map(([name, runs]) => [name, ...latencies(runs), failed(runs)]),
  };
}

function latencies(runs: readonly Wrk[]): Measured[] {
  return (["p50", "p99", "max"] as const).map((key) => measured(runs.map((run) => run[key])));
}

function failed(runs: readonly Wrk[]): number {
  return runs.reduce((sum, { failed }) => sum + failed, 0);
}

function goals(one: Runs, refusing: Runs, many: Runs, kept: Measured | undefined): Goal[] {
  const ours = [one, refusing, many].map((runs) => runs.get(KAS) ?? []);
  const p99Of = (name: string) => measured((one.get(name) ?? []).map(({ p99 }) => p99)).median;
  const p99 = p99Of(KAS);
  const worst = Math.max(...ours.flat().map(({ max }) => max));
  const lost = failed(ours.flat());
  return [
    {
      goal: `/ping under load, one at a time: p99 at most ${P99} ms`,
      found: `${p99.toFixed(2)} ms; ${NGINX} ${p99Of(NGINX).toFixed(2)} ms in the same turns`,
      met: p99 <= P99,
    },
    ...kept === undefined ? [] : [{
      goal: `/ping under load: at least ${KEPT} of the idle rate at ${MANY} connections`,
      found: kept.median.toFixed(2),
      met: kept.median >= KEPT,
    }],
    {
      goal: "No health check fails, whether the queue admits or refuses requests",
      found: `${lost} failed; the slowest took ${worst.toFixed(0)} ms, the limit is ${CHECK_TIMEOUT} s`,
      met: lost === 0 && worst < CHECK_TIMEOUT * 1_000,
    },
  ];
}

/** /ping under load. */
export const loaded: Part = { name: "loaded", needs: ["nginx", "wrk"], run };
