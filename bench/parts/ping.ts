/**
 * Measures /ping through nginx on an idle machine: kas's worker, nginx alone, Node, C and the predecessor's pool.
 *
 * @module
 */
import { type Measured, measured, type Options, type Part, type Result, share } from "../report/result.ts";
import { KAS, NGINX, PREDECESSOR, type Server, startServers } from "../support/servers.ts";
import { type Wrk, wrk } from "../support/wrk.ts";

/** Numbers of concurrent connections. */
const CONNECTIONS = [1, 32, 256] as const;

/** The number of connections for the goals and the chart. */
const MANY = 32;

/** The measurements of each server, run by run. */
export type Runs = ReadonlyMap<string, readonly Wrk[]>;

/** Measures the servers in turns, so that other load on the machine affects all servers alike. */
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

/** Returns the figures of one server divided by those of another, turn by turn. */
export function ratio(runs: Runs, one: string, other: string, of: (run: Wrk) => number): Measured {
  return share((runs.get(one) ?? []).map(of), (runs.get(other) ?? []).map(of));
}

/** Returns the server with the highest median. */
function best(runs: Runs, names: readonly string[], of: (run: Wrk) => number): string | undefined {
  const median = (name: string) => measured((runs.get(name) ?? []).map(of)).median;
  return names.toSorted((a, b) => median(b) - median(a))[0];
}

const rate = ({ rate }: Wrk) => rate;

async function run({ quick }: Options): Promise<Result> {
  const [times, seconds] = quick ? [2, 1] : [5, 2];
  await using servers = await startServers(["kas", "node", "compiled", "predecessor"]);
  const { all, skipped } = servers;
  // Send requests first, so that the just-in-time compilers have compiled the code.
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
      "kas's own site in front of each server (nginx/kas-worker.conf). nginx alone answers by itself and is the upper bound. nginx, the " +
      `server and wrk share the ${navigator.hardwareConcurrency} CPUs. Latencies are in ms.`,
    tables: [...byConnections].map(([connections, runs]) => ({
      title: `${connections} connection${connections === 1 ? "" : "s"}`,
      columns: ["server", "pings per second", "share of nginx alone", "p50", "p99", "failed"],
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
        `Behind nginx, the best peer (${peer}) reaches ${
          ratio(many, peer, PREDECESSOR, rate).median.toFixed(1)
        } times the ` +
        "predecessor's rate. No server can be much faster there, because nginx and wrk use most of the CPU.",
      ],
    ],
    panels: [{
      title: `Pings through nginx, ${MANY} connections`,
      unit: "per second",
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
