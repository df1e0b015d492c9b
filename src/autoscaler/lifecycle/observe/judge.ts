/**
 * Judges why a start failed, by a comparison with other instances of the fleet. If other registered instances fail in the
 * same way, the fault is not the instance's own.
 *
 * @module
 */
import { registrationsIn } from "../../../aws/balancing/balancer.ts";
import { describeError } from "../../../aws/error_messages.ts";
import { type Ec2Instance, sharedFleet } from "../../../aws/ec2/instances.ts";
import type { Fault } from "../../../scaling/model/start_event.ts";
import type { ActivityContext } from "../activity_context.ts";
import { healthCheck } from "./health_check.ts";

/** The largest number of other instances with which kas compares an instance. */
const WITNESSES = 3;

/** Returns the fault of an instance that failed kas's own health check. */
export function judgeHealthCheck(context: ActivityContext, answered: boolean): Promise<Fault> {
  return orAway(context, async () => {
    const results = await checkOthers(context);
    const anyAnswered = results.some(({ answered, passed }) => answered || passed);
    if (!answered) return results.length === 0 || anyAnswered ? "no-answer" : "no-reach";
    if (results.length === 0) return "unproven";
    return results.some(({ passed }) => passed) ? "unhealthy" : "health-check";
  });
}

/**
 * Whether kas's own health checks reach the fleet's instances. `unknown`: no instance is in service, with which kas could compare.
 */
export type Reach = "reached" | "out-of-reach" | "unknown";

/**
 * Returns whether the load balancer reaches instances that kas's own health checks do not reach: a security group admits the load balancer
 * only, or the autoscaler runs outside the VPC. The load balancer then decides whether an instance is healthy.
 */
export async function reachOf(context: ActivityContext): Promise<Reach> {
  try {
    const serving = (await checkOthers(context)).filter(({ inService }) => inService);
    if (serving.length === 0) return "unknown";
    return serving.some(({ answered, passed }) => answered || passed) ? "reached" : "out-of-reach";
  } catch {
    // Without an answer of AWS, kas waits for its own health check.
    context.signal.throwIfAborted();
    return "reached";
  }
}

/** Returns the fault of a registered instance that did not come into service. */
export function judgeRegistered(context: ActivityContext): Promise<Fault> {
  return orAway(context, async () => {
    const others = await registeredOthers(context);
    if (others.length === 0) return "unproven";
    return others.some(({ registration }) => registration === "in-service") ? "unhealthy" : "health-check";
  });
}

/** Returns the fault of an instance that ended during its start, from EC2's StateReason. */
export function faultOfEnd({ stateReason, stateTransitionReason = "" }: Ec2Instance): Fault {
  const code = stateReason?.code ?? stateTransitionReason;
  if (/\.Insufficient\w*Capacity$/.test(code)) return "no-capacity";
  if (/LimitExceeded$/.test(code)) return "quota";
  return /^(Client\.UserInitiated|User initiated)/.test(code) ? "interrupted" : "ended";
}

/** Returns the health of the other registered instances. */
async function registeredOthers({ environment: { aws, fleet, registrar }, id, signal }: ActivityContext) {
  const all = await registrar.healths(() => sharedFleet(aws, fleet, signal), signal);
  return all.filter((it) => it.id !== id && !it.unused && it.registration !== "draining");
}

/** Makes one health check of each of some other registered instances. Prefers instances that are in service. */
async function checkOthers(context: ActivityContext) {
  const { environment: { aws, fleet }, signal } = context;
  const registrations = registrationsIn(await registeredOthers(context));
  const rank = ({ id }: Ec2Instance) => (registrations.get(id) === "in-service" ? 0 : 1);
  const running = (await sharedFleet(aws, fleet, signal))
    .filter(({ id, state }) => state === "running" && registrations.has(id))
    .toSorted((a, b) => rank(a) - rank(b));
  return await Promise.all(
    running.slice(0, WITNESSES).map(async (instance) => {
      const check = healthCheck({ ...context, id: instance.id }, instance, () => Promise.resolve(undefined));
      const passed = await check.attempt() === true;
      return { passed, answered: check.answered(), inService: rank(instance) === 0 };
    }),
  );
}

/** Returns the fault that `judge` returns. If AWS does not answer, kas cannot compare the instance: returns `aws-away`. */
async function orAway({ log, id, signal }: ActivityContext, judge: () => Promise<Fault>): Promise<Fault> {
  try {
    return await judge();
  } catch (error) {
    signal.throwIfAborted();
    log.warn("could not compare the instance with others", {
      instance: id,
      reason: describeError(error).message,
    });
    return "aws-away";
  }
}
