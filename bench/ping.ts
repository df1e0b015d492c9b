/**
 * /ping through nginx, idle: kas's worker beside nginx alone, Node, C and the predecessor's pool.
 *
 * @module
 */
import { type Measured, measured, type Options, type Part, type Result, share } from "./result.ts";
import { KAS, NGINX, PREDECESSOR, type Server, startServers } from "./servers.ts";
import { type Wrk, wrk } from "./wrk.ts";

/** Connections that ask at the same time. */
const CONNECTIONS = [1, 32, 256] as const;

/** The number of connections of the goals and of the chart. */
const MANY = 32;

/** What was measured of a server, run by run. */
export type Runs = ReadonlyMap<string, readonly Wrk[]>;

/** Asks each in turn, over and over, so that whatever else the machine does falls on all alike. */
export async function inTurns<T>(
  servers: readonly Server[],
  times: number,
  ask: (server: Server) => Promise<T>,
): Promise<Map<string, T[]>> {
  const runs = new Map(servers.map(({ name }) => [name, [] as T[]]));
  for (let n = 0; n < times; n++) {
    for (const server of servers) runs.get(server.name)?.push(await ask(server));
  }
  return runs;
}

/** One's figure as a share of another's. */
export function ratio(runs: Runs, one: string, other: string, of: (run: Wrk) => number): Measured {
  return share((runs.get(one) ?? []).map(of), (runs.get(other) ?? []).map(of));
}

/** The highest median among some. */
function best(runs: Runs, names: readonly string[], of: (run: Wrk) => number): string | undefined {
  const median = (name: string) => measured((runs.get(name) ?? []).map(of)).median;
  return names.toSorted((a, b) => median(b) - median(a))[0];
}

const rate = ({ rate }: Wrk) => rate;

async function run({ quick }: Options): Promise<Result> {
  const [times, seconds] = quick ? [2, 1] : [5, 2];
  await using servers = await startServers(["kas", "node", "compiled", "predecessor"]);
  const { all, skipped } = servers;
  // Whatever is compiled at run time has been by then.
  for (const { url } of all) await wrk(`${url}/ping`, MANY, 1);
  const byConnections = new Map<number, Runs>();
  for (const connections of CONNECTIONS) {
    const runs = await inTurns(all, times, ({ url }) => wrk(`${url}/ping`, connections, seconds));
    byConnections.set(connections, runs);
  }
  const many = byConnections.get(MANY) ?? new Map();
  const peers = all.map(({ name }) => name).filter((name) => name !== KAS && name !== NGINX);
  const peer = best(many, peers, rate);
  const beside = peer === undefined ? undefined : ratio(many, KAS, peer, rate);
  const before = peers.includes(PREDECESSOR) ? ratio(many, KAS, PREDECESSOR, rate) : undefined;
  return {
    part: "ping",
    title: "/ping through nginx",
    how:
      `wrk -t1 with ${
        CONNECTIONS.join(", ")
      } connections for ${seconds} s, ${times} times in turns, against nginx with ` +
      "kas's own site before each server (nginx/kas-worker.conf; nginx alone answers by itself: the ceiling). nginx, the server " +
      `and wrk share the ${navigator.hardwareConcurrency} CPUs. Latencies are ms.`,
    tables: [...byConnections].map(([connections, runs]) => ({
      title: `${connections} connection${connections === 1 ? "" : "s"}`,
      columns: ["server", "pings a second", "of nginx alone", "p50", "p99", "failed"],
      rows: [...runs].map(([name, figures]) => [
        name,
        measured(figures.map(rate)),
        ratio(runs, name, NGINX, rate),
        measured(figures.map(({ p50 }) => p50)),
        measured(figures.map(({ p99 }) => p99)),
        figures.reduce((sum, { failed }) => sum + failed, 0),
      ]),
    })),
    goals: [
      ...beside === undefined ? [] : [{
        goal: `/ping: at least 0.9 of the best peer's rate (${MANY} connections)`,
        found: `${beside.median.toFixed(2)} of ${peer}'s`,
        met: beside.median >= 0.9,
      }],
      ...before === undefined ? [] : [{
        goal: `/ping: at least 10 times the predecessor's rate (${MANY} connections)`,
        found: `${before.median.toFixed(1)} times`,
        met: before.median >= 10,
      }],
    ],
    notes: [
      ...skipped,
      ...peer === undefined || before === undefined ? [] : [
        `Behind nginx the best peer, ${peer}, is at ${
          ratio(many, peer, PREDECESSOR, rate).median.toFixed(1)
        } times the ` +
        "predecessor's rate: more is beyond any server there, as nginx and wrk take most of the CPU.",
      ],
    ],
    panels: [{
      title: `Pings through nginx, ${MANY} connections`,
      unit: "a second",
      better: "more",
      bars: [...many].map(([label, figures]) => ({
        label,
        value: measured(figures.map(rate)).median,
        ours: label === KAS,
      })),
    }],
  };
}

/** /ping. */
export const ping: Part = { name: "ping", needs: ["nginx", "wrk"], run };
