/**
 * From AWS to facts: the fleet, its standing at the load balancer, its alarms and its load, asked for all at once.
 *
 * @module
 */
import { type AlarmDetail, findAlarm, fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import { latestCpu } from "../../aws/cloudwatch/cpu.ts";
import { registrations } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { describeError } from "../../aws/error_messages.ts";
import { type Ec2Instance, fleetInstances, withRegistration } from "../../aws/ec2/instances.ts";
import { awaitAll } from "../../aws/await_all.ts";
import type { Alarm } from "../../scaling/model/alarm.ts";
import type { Trigger } from "../../scaling/model/trigger.ts";
import { scopeOf } from "../../scaling/scope.ts";
import type { Datapoint } from "../../scaling/model/metric.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import type { Fleet } from "../lifecycle/activity_context.ts";
import type { Journal } from "../store/journal.ts";
import type { ObservationOutcome } from "../http/snapshot.ts";

/** CloudWatch's shortest period of EC2 metrics, s: what is asked for until the alarms tell theirs. */
const SHORTEST_PERIOD = 60;

/** What goes into the facts beside what is seen; `now` is ms since the epoch. */
export interface Known {
  readonly journal: Journal;
  readonly limits: Limits;
  readonly now: () => number;
}

/** Whose load is asked for before it is known who runs, and by which period, s. */
interface Guess {
  readonly ids: readonly string[];
  readonly period: number;
}

const NOBODY: Guess = { ids: [], period: SHORTEST_PERIOD };

/** Sees the fleet as it is. */
export class Observer {
  readonly #aws: Aws;
  readonly #looked: (look: ObservationOutcome) => void;
  /** What was running at the last look at the load, and its alarms' period: very likely what is to be asked for at the next. */
  #likely = NOBODY;

  /** @param looked told of each look as it ends */
  constructor(aws: Aws, readonly fleet: Fleet, looked: (look: ObservationOutcome) => void = () => {}) {
    this.#aws = aws;
    this.#looked = looked;
  }

  /**
   * What a decision made now looks at: for a resync, and for a step in, all there is to see; for a step out, which is the more
   * urgent one, the fleet and the alarm that asks. What it sees of who is in service goes to the journal.
   */
  async facts(
    trigger: Trigger,
    known: Known,
    signal: AbortSignal,
  ): Promise<Observation> {
    const { now } = known;
    const begun = performance.now();
    const look = () => ({ at: now(), seconds: (performance.now() - begun) / 1_000 });
    try {
      const facts = await this.#facts(trigger, known, signal);
      this.#looked(look());
      return facts;
    } catch (error) {
      this.#looked({ ...look(), error: describeError(error).message });
      throw error;
    }
  }

  async #facts(
    trigger: Trigger,
    { journal, limits, now }: Known,
    signal: AbortSignal,
  ): Promise<Observation> {
    const whole = scopeOf(trigger) === "everything";
    const guess = whole ? this.#likely : NOBODY;
    // What ends while this looks may have been seen as it was before.
    const begun = journal.unfinished();
    const [ec2, standing, details, guessed] = await awaitAll([
      Array.fromAsync(fleetInstances(this.#aws, this.fleet, signal)),
      registrations(this.#aws, this.fleet.balancer, signal),
      whole ? fleetAlarms(this.#aws, this.fleet.fleet, signal) : this.#asking(trigger, signal),
      this.#cpu(guess.ids, guess.period, now(), signal),
    ]);
    const alarms = details.map(alarm);
    const cpu = whole
      ? new Map([...guessed, ...await this.#rest(guess, ec2, alarms, now(), signal)])
      : guessed;
    const instances = withRegistration(ec2, standing);
    const at = now();
    journal.noteInService(instances, at);
    return {
      now: at,
      fleet: this.fleet.fleet,
      limits,
      instances,
      alarms,
      cpu: Object.fromEntries(ec2.flatMap((instance) => sinceLaunch(instance, cpu.get(instance.id)))),
      inProgress: journal.inProgress(begun),
      history: journal.history(at),
    };
  }

  /** The alarm that asks for a step, if one of the fleet's does and it is still there. */
  async #asking(trigger: Trigger, signal: AbortSignal): Promise<AlarmDetail[]> {
    const alarm = trigger.kind === "notification" ? trigger.alarm : undefined;
    if (alarm === undefined || alarm.fleet !== this.fleet.fleet) return [];
    const found = await findAlarm(this.#aws, alarm, signal);
    return found === undefined ? [] : [found];
  }

  /** The load of those that were not guessed to run, by the alarms' period; the guess at the next look. */
  async #rest(
    guess: Guess,
    ec2: readonly Ec2Instance[],
    alarms: readonly Alarm[],
    now: number,
    signal: AbortSignal,
  ): Promise<Map<string, Datapoint>> {
    const ids = ec2.filter(({ state }) => state === "running").map(({ id }) => id);
    const periods = alarms.filter(({ kind }) => kind !== "reqcount").map(({ period }) => period);
    const period = periods.length === 0 ? SHORTEST_PERIOD : Math.min(...periods);
    this.#likely = { ids, period };
    const asked = new Set(period === guess.period ? guess.ids : []);
    return await this.#cpu(ids.filter((id) => !asked.has(id)), period, now, signal);
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
