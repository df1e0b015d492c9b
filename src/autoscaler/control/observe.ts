/**
 * Observes the fleet for a decision: its instances, their registrations at the load balancer, its alarms and its load. The
 * requests to AWS run concurrently.
 *
 * @module
 */
import { type AlarmDetail, findAlarm, fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import { latestCpu, type MeasuredInstance } from "../../aws/cloudwatch/cpu.ts";
import { registrations } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { describeError } from "../../aws/error_messages.ts";
import { type Ec2Instance, fleetInstances, withRegistration } from "../../aws/ec2/instances.ts";
import { awaitAll } from "../../aws/await_all.ts";
import { type Clock, timeLimit } from "../../runtime.ts";
import type { Alarm } from "../../scaling/model/alarm.ts";
import type { Datapoint } from "../../scaling/model/metric.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import type { Trigger } from "../../scaling/model/trigger.ts";
import { scopeOf } from "../../scaling/scope.ts";
import type { Events, Fleet, Tuning } from "../options.ts";
import type { Journal } from "../store/journal.ts";

/** The parts that an observer needs. */
export interface ObserverParts {
  readonly aws: Aws;
  readonly fleet: Fleet;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly tuning: () => Tuning;
  readonly onObservation?: Events["onObservation"];
}

/**
 * The shortest period of CloudWatch's EC2 metrics, in seconds. kas uses this period until the periods of the alarms are known.
 */
const SHORTEST_PERIOD = 60;

/**
 * The time limit of an observation, in ms. Each request has its own time limit (src/aws); this limit ends a listing that never
 * ends. Listing thousands of instances can take longer than a minute while AWS is slow.
 */
const OBSERVATION_TIMEOUT = 300_000;

/** The instances whose load kas requests before it knows which instances run, and the period in seconds. */
interface LoadGuess {
  readonly instances: readonly MeasuredInstance[];
  readonly period: number;
}

const NO_GUESS: LoadGuess = { instances: [], period: SHORTEST_PERIOD };

/** An observer of a fleet. */
export class Observer {
  readonly #parts: ObserverParts;
  /**
   * The running instances and the alarms' period at the last observation of the load. They rarely change until the next
   * observation.
   */
  #guess = NO_GUESS;

  constructor(parts: ObserverParts) {
    this.#parts = parts;
  }

  /**
   * Observes what a decision on a trigger needs, and writes to the journal which instances are in service. Scaling out is
   * urgent, so its observation has only the instances and the trigger's alarm.
   */
  async observe(trigger: Trigger, aborted: AbortSignal): Promise<Observation> {
    const { clock, onObservation = () => {} } = this.#parts;
    const began = clock.elapsed();
    const outcome = () => ({ at: clock.now(), seconds: (clock.elapsed() - began) / 1_000 });
    using limit = timeLimit(clock, OBSERVATION_TIMEOUT);
    try {
      const observation = await this.#observe(trigger, AbortSignal.any([aborted, limit.signal]));
      onObservation(outcome());
      return observation;
    } catch (error) {
      onObservation({ ...outcome(), error: describeError(error).message });
      throw error;
    }
  }

  async #observe(trigger: Trigger, signal: AbortSignal): Promise<Observation> {
    const { aws, fleet, journal, clock, tuning } = this.#parts;
    const whole = scopeOf(trigger) === "everything";
    const guess = whole ? this.#guess : NO_GUESS;
    // An activity that ends during the observation counts as in progress: AWS may have answered before it ended.
    const inProgress = journal.unfinished();
    const [ec2, registered, details, guessed] = await awaitAll([
      Array.fromAsync(fleetInstances(aws, fleet, signal)),
      registrations(aws, fleet.balancer, signal),
      whole ? fleetAlarms(aws, fleet.fleet, signal) : this.#alarmOf(trigger, signal),
      this.#cpu(guess.instances, guess.period, signal),
    ]);
    const alarms = details.map(observed);
    const cpu = whole
      ? new Map([...guessed, ...await this.#missingCpu(guess, ec2, alarms, signal)])
      : guessed;
    const instances = withRegistration(ec2, registered);
    const now = clock.now();
    journal.noteInService(instances, now);
    return {
      now,
      fleet: fleet.fleet,
      limits: tuning().limits,
      instances,
      alarms,
      cpu: Object.fromEntries(ec2.flatMap((instance) => sinceLaunch(instance, cpu.get(instance.id)))),
      inProgress: journal.inProgress(inProgress),
      history: journal.history(now),
    };
  }

  /** Returns the trigger's alarm, if the alarm belongs to this fleet and still exists. */
  async #alarmOf(trigger: Trigger, signal: AbortSignal): Promise<AlarmDetail[]> {
    const { aws, fleet } = this.#parts;
    const alarm = trigger.kind === "notification" ? trigger.alarm : undefined;
    if (alarm === undefined || alarm.fleet !== fleet.fleet) return [];
    const found = await findAlarm(aws, alarm, signal);
    return found === undefined ? [] : [found];
  }

  /**
   * Requests the load of the running instances that the guess did not include, with the shortest period of the alarms. Also
   * sets the next guess.
   */
  async #missingCpu(
    guess: LoadGuess,
    ec2: readonly Ec2Instance[],
    alarms: readonly Alarm[],
    signal: AbortSignal,
  ): Promise<Map<string, Datapoint>> {
    const instances = ec2.filter(({ state }) => state === "running")
      .map(({ id, monitoring }) => ({ id, monitoring }));
    const periods = alarms.filter(({ kind }) => kind !== "reqcount").map(({ period }) => period);
    const period = periods.length === 0 ? SHORTEST_PERIOD : Math.min(...periods);
    this.#guess = { instances, period };
    const known = new Set(period === guess.period ? guess.instances.map(({ id }) => id) : []);
    return await this.#cpu(instances.filter(({ id }) => !known.has(id)), period, signal);
  }

  async #cpu(
    instances: readonly MeasuredInstance[],
    period: number,
    signal: AbortSignal,
  ): Promise<Map<string, Datapoint>> {
    const { aws, clock } = this.#parts;
    return instances.length === 0 ? new Map() : await latestCpu(aws, instances, period, signal, clock.now());
  }
}

/** A datapoint from before the instance was last launched says nothing about its load now. */
function sinceLaunch(
  { id, state, launched = 0 }: Ec2Instance,
  cpu: Datapoint | undefined,
): [string, Datapoint][] {
  return cpu !== undefined && state === "running" && cpu.at >= launched ? [[id, cpu]] : [];
}

/** The fields of an alarm that decisions use. */
function observed({ fleet, kind, dimension, state, threshold, period, changed }: Alarm): Alarm {
  return { fleet, kind, dimension, state, threshold, period, changed };
}
