/**
 * `kas admin scale` without a running autoscaler: this process decides, and carries the decision out.
 *
 * @module
 */
import { assemble } from "../../../autoscaler/assemble.ts";
import { activityStates, decidedOf, refusalOf } from "../../../autoscaler/control/command.ts";
import type { Evaluation } from "../../../autoscaler/control/evaluate.ts";
import { limitsOf } from "../../../autoscaler/flags/limits.ts";
import { type AddressKind, operatorsAddress } from "../../../aws/ec2/ec2_instance.ts";
import type { BalancerRef } from "../../../aws/balancing/balancer.ts";
import type { Aws } from "../../../aws/clients.ts";
import { commandText } from "../../../cli/command_line.ts";
import { ExitError, UsageError } from "../../../cli/command.ts";
import type { DrainTarget } from "../../../health/drain.ts";
import type { Output } from "../../../cli/output.ts";
import type { HealthCheckSpec } from "../../../health/spec.ts";
import { realClock } from "../../../runtime.ts";
import { decide } from "../../../scaling/decide.ts";
import type { PolicySpec } from "../../../scaling/model/load/policy.ts";
import { withLoad } from "../../../scaling/model/observation.ts";
import type { MetricSpecs } from "../../../settings/metrics/spec.ts";
import type { Schedules } from "../../../settings/schedules/schedules.ts";
import { type AccountFlags, fleetSelector } from "../../account.ts";
import type { Scaler, ScaleRequest } from "./scaler.ts";
import { noteUnregistered } from "./unregistered.ts";

/** Interval at which kas looks for progress, in ms. */
const INTERVAL = 250;

/** The values of the options that apply if this process scales. */
export interface OwnFlags extends AccountFlags {
  readonly healthCheck: HealthCheckSpec | undefined;
  readonly address: AddressKind | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly schedules: Schedules | undefined;
  readonly policies: readonly PolicySpec[] | undefined;
  readonly metrics: MetricSpecs | undefined;
  readonly grow: string | undefined;
  readonly shrink: "stop" | "terminate";
  readonly warmup: number;
  readonly startTimeout: number;
  readonly drainTimeout: number;
  readonly drainRequest: DrainTarget | undefined;
  readonly quarantineFor: number;
}

/**
 * Returns a scaler that carries a command out in this process. Its disposal interrupts the activities.
 *
 * @param words the words of the command after `kas`
 */
export function ownScaler(
  aws: Aws,
  flags: OwnFlags,
  balancer: BalancerRef,
  words: readonly string[],
  signal: AbortSignal,
): Scaler & AsyncDisposable {
  const { healthCheck, address, schedules, metrics, startTimeout, drainTimeout, quarantineFor } = flags;
  const autoscaler = assemble({
    account: aws,
    fleet: {
      ...fleetSelector(flags),
      balancer,
      healthCheck,
      address,
      drain: flags.drainRequest,
    },
    // Cooldowns and the metric delay are for alarms, which repeat a recommendation. An operator gives a command only once.
    limits: limitsOf({
      ...flags,
      cooldownOut: 0,
      cooldownIn: 0,
      resync: 0,
      metricDelay: 0,
      unhealthyAfter: Infinity,
    }),
    schedules,
    metrics,
    startTimeout,
    drainTimeout,
    quarantineFor,
    dryRun: false,
    ...(address === undefined && { address: operatorsAddress }),
  });
  const { journal } = autoscaler;
  let last: Evaluation | undefined;
  return {
    asksFirst: flags.shrink === "terminate",
    isOwn: true,
    decide: async (request, isTrial) => {
      last = await autoscaler.evaluate(request, { signal, isTrial });
      requireInstance(request, last, flags.fleet);
      const refusal = refusalOf(last);
      if (refusal !== undefined) throw new UsageError(refusal);
      return decidedOf(last, journal, { now: realClock.now(), isTrial });
    },
    progress: (ids) => {
      const activities = activityStates(ids, journal, realClock.now());
      return Promise.resolve({ activities, inService: null, override: null, progress: null });
    },
    wait: async () => {
      const ended = new AbortController();
      void last?.ended.then(() => ended.abort());
      await realClock.sleep(INTERVAL, AbortSignal.any([signal, ended.signal])).catch(() => {});
      signal.throwIfAborted();
    },
    advise: (out) => last && advise(last, words, out),
    [Symbol.asyncDispose]: () => autoscaler[Symbol.asyncDispose](),
  };
}

/** @throws {ExitError} if the fleet lacks the instance that a command names */
function requireInstance(
  request: ScaleRequest,
  { observation: { instances } }: Evaluation,
  fleet: string,
): void {
  if (request.direction === "to" || request.instance === undefined) return;
  if (instances.some(({ id }) => id === request.instance)) return;
  throw new ExitError(`${request.instance} is not in fleet ${fleet}`, 4, "kas admin instances");
}

function advise({ trigger, observation }: Evaluation, words: readonly string[], out: Output): void {
  if (trigger.kind !== "operator") return;
  if (trigger.direction !== "in") noteUnregistered(observation.instances, out);
  // If the warm-up holds the scale-in back, kas has not read the load. Then kas prints the hint whatever the load is.
  const loaded = observation.cpu === undefined ? withLoad(observation, 0, observation.now) : observation;
  const withoutWarmup = { ...loaded, limits: { ...loaded.limits, warmup: 0 } };
  if (decide(trigger, withoutWarmup).actions.length > 0) {
    out.hint(`Next: ${commandText(["kas", ...words, "--warmup", "0s"])}, to skip the warm-up`);
  }
}
