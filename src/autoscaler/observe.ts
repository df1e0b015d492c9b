/**
 * From AWS to facts: the fleet, its standing at the load balancer, its alarms and its load, asked for all at once.
 *
 * @module
 */
import { fleetAlarms, latestCpu } from "../aws/alarms.ts";
import { registrations } from "../aws/balancer.ts";
import type { Aws } from "../aws/clients.ts";
import { explain } from "../aws/explain.ts";
import { type Ec2Instance, fleetInstances, withRegistration } from "../aws/instances.ts";
import { together } from "../aws/together.ts";
import type { Alarm } from "../scaling/alarm.ts";
import type { Datapoint, Facts, Limits } from "../scaling/facts.ts";
import type { Fleet } from "./errand.ts";
import type { Journal } from "./journal.ts";
import type { Look } from "./snapshot.ts";

/** CloudWatch's shortest period of EC2 metrics, s: what is asked for until the alarms tell theirs. */
const SHORTEST_PERIOD = 60;

/** Sees the fleet as it is. */
export class Observer {
  readonly #aws: Aws;
  readonly #looked: (look: Look) => void;
  /** What was running at the last look, and the period of its alarms: very likely what is to be asked for at the next. */
  #likely: { readonly ids: readonly string[]; readonly period: number } = {
    ids: [],
    period: SHORTEST_PERIOD,
  };

  /** @param looked told of each look as it ends */
  constructor(aws: Aws, readonly fleet: Fleet, looked: (look: Look) => void = () => {}) {
    this.#aws = aws;
    this.#looked = looked;
  }

  /** Everything that a decision made now may look at. What it sees of who is in service goes to the journal. */
  async facts(journal: Journal, limits: Limits, now: () => number, signal: AbortSignal): Promise<Facts> {
    const begun = performance.now();
    const look = () => ({ at: now(), seconds: (performance.now() - begun) / 1_000 });
    try {
      const facts = await this.#facts(journal, limits, now, signal);
      this.#looked(look());
      return facts;
    } catch (error) {
      this.#looked({ ...look(), error: explain(error).message });
      throw error;
    }
  }

  async #facts(journal: Journal, limits: Limits, now: () => number, signal: AbortSignal): Promise<Facts> {
    const guess = this.#likely;
    // What ends while this looks may have been seen as it was before.
    const begun = journal.unfinished();
    const [ec2, standing, details, guessed] = await together([
      Array.fromAsync(fleetInstances(this.#aws, this.fleet, signal)),
      registrations(this.#aws, this.fleet.balancer, signal),
      fleetAlarms(this.#aws, this.fleet.fleet, signal),
      this.#cpu(guess.ids, guess.period, now(), signal),
    ]);
    const alarms = details.map(alarm);
    const ids = ec2.filter(({ state }) => state === "running").map(({ id }) => id);
    const period = Math.min(...alarms.filter(({ kind }) => kind !== "reqcount").map(({ period }) => period));
    this.#likely = { ids, period: Number.isFinite(period) ? period : SHORTEST_PERIOD };
    const asked = new Set(this.#likely.period === guess.period ? guess.ids : []);
    const missing = ids.filter((id) => !asked.has(id));
    const cpu = new Map([...guessed, ...await this.#cpu(missing, this.#likely.period, now(), signal)]);

    const instances = withRegistration(ec2, standing);
    const at = now();
    journal.notice(instances, at);
    return {
      now: at,
      fleet: this.fleet.fleet,
      limits,
      instances,
      alarms,
      cpu: Object.fromEntries(ec2.flatMap((instance) => sinceLaunch(instance, cpu.get(instance.id)))),
      underWay: journal.underWay(begun),
      history: journal.history(at),
    };
  }

  async #cpu(
    ids: readonly string[],
    period: number,
    now: number,
    signal: AbortSignal,
  ): Promise<Map<string, Datapoint>> {
    return ids.length === 0 ? new Map() : await latestCpu(this.#aws, ids, period, signal, now);
  }
}

/** A datapoint of an earlier run of the instance says nothing about this one. */
function sinceLaunch(
  { id, state, launched = 0 }: Ec2Instance,
  cpu: Datapoint | undefined,
): [string, Datapoint][] {
  return cpu !== undefined && state === "running" && cpu.at >= launched ? [[id, cpu]] : [];
}

/** An alarm without what no rule looks at. */
function alarm({ fleet, kind, dimension, state, threshold, period, changed }: Alarm): Alarm {
  return { fleet, kind, dimension, state, threshold, period, changed };
}
