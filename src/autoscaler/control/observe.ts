/**
 * Observes the fleet for a decision: its instances, their registrations at the load balancer, its alarms and the CPU of
 * instances. kas sends independent requests to AWS concurrently.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { type AlarmDetail, findAlarm, fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import { latestCpu, latestCredits } from "../../aws/cloudwatch/cpu.ts";
import { registrationsIn } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { describeError } from "../../aws/error_messages.ts";
import {
  type Ec2Instance,
  findInstances,
  fleetInstances,
  withRegistration,
} from "../../aws/ec2/instances.ts";
import { statusChecks } from "../../aws/ec2/status_checks.ts";
import { isDenied } from "../../aws/errors.ts";
import { awaitAll } from "../../aws/many/await_all.ts";
import { type Clock, timeLimit } from "../../runtime.ts";
import { type ActivityInProgress, DIRECTION } from "../../scaling/model/activity.ts";
import type { Alarm } from "../../scaling/model/alarm.ts";
import { inService, type Instance } from "../../scaling/model/instance.ts";
import type { Datapoint } from "../../scaling/model/load/metric.ts";
import { policyOf } from "../../scaling/model/load/policy.ts";
import { namesOf } from "../../scaling/policies/formula.ts";
import { withQuarantineEnd } from "../../scaling/faults/quarantine.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import { healthOf } from "../../scaling/faults/health.ts";
import type { Trigger } from "../../scaling/model/trigger.ts";
import { dependsOnCredits, dependsOnLoad, scopeOf, staleBefore } from "../../scaling/scope.ts";
import type { MetricSpecs } from "../../settings/metrics/spec.ts";
import type { Events, Fleet, Tuning } from "../assembly_options.ts";
import { windowsAt } from "./schedule_windows.ts";
import type { Activity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";
import type { MetricReader } from "../telemetry/sources/reader.ts";
import type { Registrar } from "../registrar/registrar.ts";
import { readsLoad } from "../telemetry/reads.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { wishesOf } from "./override.ts";
import { refusalsOf, reviewRefusals } from "./refusals.ts";

/** The parts that an observer needs. */
export interface ObserverParts {
  readonly aws: Aws;
  readonly fleet: Fleet;
  readonly registrar: Registrar;
  readonly journal: Journal;
  readonly metrics: MetricReader;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly tuning: () => Tuning;
  readonly onObservation?: Events["onObservation"];
}

/**
 * The shortest period of CloudWatch's EC2 metrics, in seconds. kas reads the CPU with this period if the fleet has no alarm
 * of the CPU.
 */
const SHORTEST_PERIOD = 60;

/**
 * The time limit of an observation, in ms. Each request has its own time limit (src/aws). This limit ends a listing that has page
 * after page without an end. While AWS is slow, the listing of thousands of instances may take longer than a minute.
 */
const OBSERVATION_TIMEOUT = 300_000;

/** The longest time for which AWS's answers may show an old state, in ms. */
const READ_LAG = 10_000;

const log = getLogger(["kas", "loop"]);

/** An observer of a fleet. */
export class Observer {
  readonly #parts: ObserverParts;
  /** What EC2's status checks last reported, by the id of the instance. */
  #impaired: ReadonlyMap<string, string> = new Map();
  #isDenied = false;

  constructor(parts: ObserverParts) {
    this.#parts = parts;
  }

  /**
   * Observes what a decision on a trigger needs, and writes to the journal which instances are in service. Scaling out is
   * urgent, so for it kas reads only the instances and the trigger's alarm. kas reads the CPU last, and only if the decision
   * depends on it.
   *
   * @param isTrial whether kas reads all alarms, status checks and metrics, also if the decision does not depend on them
   */
  async observe(
    trigger: Trigger,
    aborted: AbortSignal,
    isTrial = false,
  ): Promise<Observation> {
    const { clock, onObservation = () => {} } = this.#parts;
    const began = clock.elapsed();
    const outcome = () => ({ at: clock.now(), seconds: (clock.elapsed() - began) / 1_000 });
    using limit = timeLimit(clock, OBSERVATION_TIMEOUT);
    try {
      const observation = await this.#observe(trigger, AbortSignal.any([aborted, limit.signal]), isTrial);
      onObservation(outcome());
      return observation;
    } catch (error) {
      onObservation({ ...outcome(), error: describeError(error).message });
      throw error;
    }
  }

  async #observe(trigger: Trigger, signal: AbortSignal, isTrial: boolean): Promise<Observation> {
    const { aws, fleet, registrar, journal, telemetry, clock, tuning } = this.#parts;
    const whole = isTrial || scopeOf(trigger) === "everything";
    // An activity that ends during the observation counts as in progress: AWS may have answered before it ended.
    const inProgress = journal.unfinished();
    const began = clock.now();
    const listing = Array.fromAsync(fleetInstances(aws, fleet, signal));
    const registering = registrar.healths(() => listing, signal);
    const serving = async () =>
      withRegistration(await listing, registrationsIn(await registering)).filter(inService).length;
    const [ec2, healths, details, metrics] = await awaitAll([
      listing,
      registering,
      whole ? fleetAlarms(aws, fleet.fleet, signal) : this.#alarmOf(trigger, signal),
      this.#parts.metrics.read(whole ? metricsFor(tuning(), isTrial) : {}, serving, signal),
    ]);
    const now = clock.now();
    const { limits, startTimeout, quarantineFor: lasts } = tuning();
    // The lag is much shorter than the interval between reconciles: the next reconcile then sees AWS's current state.
    const lag = Math.min(READ_LAG, limits.resync / 6);
    const { shrink = "stop", unhealthyAfter = Infinity } = limits;
    if (whole) await reviewRefusals({ aws, journal, now, signal }, ec2, shrink);
    const refusals = refusalsOf(journal, ec2, shrink);
    journal.quarantines.note(ec2, now);
    if (whole) this.#impaired = await this.#impairments(ec2, signal);
    const registeredOnes = withRegistration(ec2, registrationsIn(healths)).map(
      (instance): Ec2Instance & Instance => {
        const firstSeen = journal.quarantines.firstSeen(instance.id) ?? now;
        const impaired = this.#impaired.get(instance.id);
        return {
          ...withQuarantineEnd(instance, { now, firstSeen, lasts }),
          ...(impaired === undefined ? {} : { impaired }),
        };
      },
    );
    journal.noteInService(registeredOnes, now, { lag, began, ended: await this.#ended(ec2, signal) });
    const instances = registeredOnes.map((instance): Instance => {
      const refusesStop = refusals.get(instance.id);
      const failing = journal.failing(instance.id);
      return {
        ...instance,
        ...(refusesStop === undefined ? {} : { refusesStop }),
        ...healthOf(instance, { now, startTimeout, unhealthyAfter, failing }),
      };
    });
    journal.noteUnhealthy(instances.filter(({ id }) => !inProgress.some((it) => it.instance === id)), now);
    const seen = {
      now,
      fleet: fleet.fleet,
      limits,
      ...windowsAt(now, this.#parts),
      instances,
      alarms: details.map(observed),
      ...(Object.keys(metrics).length === 0 ? {} : { metrics }),
      inProgress: [
        ...unseen(journal.ended(began - lag, now), instances),
        ...journal.inProgress(inProgress),
      ],
      history: journal.history(now),
    };
    telemetry.note(ec2, seen);
    if (!whole) return seen;
    const observation = readsLoad({ limits })
      ? { ...seen, ...await telemetry.load(ec2, seen, signal) }
      : seen;
    // The operators' wishes decide too. The evaluation adds them later, because an operator may change them meanwhile.
    const wanted = { ...observation, ...wishesOf(journal, now) };
    const scraped = telemetry.cpu(now);
    if (scraped === undefined && !dependsOnLoad(trigger, wanted)) return observation;
    const cpu = scraped ?? await this.#load(ec2, trigger, wanted, signal);
    const ids = dependsOnCredits(trigger, { ...wanted, cpu }).map(({ id }) => id);
    const loaded = { ...observation, cpu };
    if (ids.length === 0) return loaded;
    return { ...loaded, credits: Object.fromEntries(await latestCredits(aws, ids, signal, now)) };
  }

  /** Returns the instances that served and are missing in the listing. EC2 still returns a terminated instance by its id for an hour. */
  async #ended(ec2: readonly Ec2Instance[], signal: AbortSignal): Promise<readonly Ec2Instance[]> {
    const listed = new Set(ec2.map(({ id }) => id));
    const missing = this.#parts.journal.served().filter((id) => !listed.has(id));
    return missing.length === 0 ? [] : await Array.fromAsync(findInstances(this.#parts.aws, missing, signal));
  }

  /**
   * Returns what EC2's status checks report of the running instances. If kas lacks the permission, logs this once and returns
   * nothing: the health checks at the load balancer still work.
   */
  async #impairments(ec2: readonly Ec2Instance[], signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const running = ec2.filter(({ state }) => state === "running").map(({ id }) => id);
    try {
      return await statusChecks(this.#parts.aws, running, signal);
    } catch (error) {
      if (!isDenied(error)) throw error;
      if (!this.#isDenied) {
        log.error("cannot read EC2's status checks", {
          reason: describeError(error).message,
          remedy: "kas admin iam-policy autoscaler",
        });
      }
      this.#isDenied = true;
      return new Map();
    }
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
   * Reads the CPU of the instances in service, with the shortest period of the CPU alarms. After a change of capacity, kas first reads
   * one instance: while its datapoint is too old, kas does not pay for those of the others.
   */
  async #load(
    ec2: readonly Ec2Instance[],
    trigger: Trigger,
    observation: Observation,
    signal: AbortSignal,
  ): Promise<Record<string, Datapoint>> {
    const { instances, alarms, now } = observation;
    const serving = new Set(instances.filter(inService).map(({ id }) => id));
    const measured = ec2.filter(({ id }) => serving.has(id));
    const periods = alarms.filter(({ kind }) => kind !== "reqcount").map(({ period }) => period);
    const period = periods.length === 0 ? SHORTEST_PERIOD : Math.min(...periods);
    const read = async (some: readonly Ec2Instance[]): Promise<Record<string, Datapoint>> => {
      const cpu = await latestCpu(this.#parts.aws, some, period, signal, now);
      return Object.fromEntries(some.flatMap((instance) => sinceLaunch(instance, cpu.get(instance.id))));
    };
    const stale = measured.length > 1 ? staleBefore(trigger, observation) : undefined;
    if (stale === undefined) return await read(measured);
    const first = await read(measured.slice(0, 1));
    const [point] = Object.values(first);
    return point !== undefined && point.at < stale ? first : { ...first, ...await read(measured.slice(1)) };
  }
}

/** Returns the metrics that the formula policy of a fleet uses. In a trial, returns all metrics. */
function metricsFor({ limits, metrics = {} }: Tuning, isTrial: boolean): MetricSpecs {
  if (isTrial) return metrics;
  const formula = policyOf(limits, "formula");
  if (formula === undefined) return {};
  const used = namesOf(formula);
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => used.has(name)));
}

/**
 * Returns the last activity of each instance, if AWS's answers do not show its effect yet. These activities count as in progress,
 * because the answers may show the state from before their end. A scale-in that failed counts as a start: it has registered its instance
 * again.
 */
function unseen(
  ended: readonly Activity[],
  instances: readonly Instance[],
): ActivityInProgress[] {
  const shown = new Map(instances.map((instance) => [instance.id, instance]));
  const last = new Map(ended.map((activity) => [activity.instance, activity]));
  return [...last.values()].flatMap(({ kind: begun, status, instance: id, began: since }) => {
    const kind = status === "failed" ? "start" : begun;
    const instance = id === undefined ? undefined : shown.get(id);
    if (id === undefined || (instance === undefined && kind !== "launch")) return [];
    if (status === "failed" && instance?.state !== "running") return [];
    const isSeen = instance !== undefined &&
      (DIRECTION[kind] === "out" ? inService(instance) : instance.state !== "running");
    return isSeen ? [] : [{ kind, instance: id, since }];
  });
}

/** Returns the datapoint with the instance's id, or nothing if the datapoint is from before EC2 last started the instance. */
function sinceLaunch(
  { id, launched = 0 }: Ec2Instance,
  cpu: Datapoint | undefined,
): [string, Datapoint][] {
  return cpu !== undefined && cpu.at >= launched ? [[id, cpu]] : [];
}

/** Returns only the fields of an alarm that decisions use. */
function observed({ fleet, kind, dimension, state, threshold, period, changed }: Alarm): Alarm {
  return { fleet, kind, dimension, state, threshold, period, changed };
}
