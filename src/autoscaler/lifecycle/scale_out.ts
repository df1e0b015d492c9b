/**
 * Scaling out (R9): the steps that put an instance into service. Each step first checks what is already done, so that kas can
 * resume scaling out at any step, for example after a restart (R13).
 *
 * @module
 */
import { type Health, titleOf } from "../../aws/balancing/balancer.ts";
import { UNCHECKED } from "../../aws/balancing/unbalanced.ts";
import { isIncorrectState, isNotRegistrable } from "../../aws/errors.ts";
import { stateReasonText } from "../../aws/ec2/ec2_instance.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { startInstance } from "../../aws/ec2/state_changes.ts";
import { commandText } from "../../cli/command_line.ts";
import { withQuarantineEnd } from "../../scaling/faults/quarantine.ts";
import { whyExempt } from "../../scaling/selection/eligibility.ts";
import { type ActivityContext, ActivityError } from "./activity_context.ts";
import { endDraining, stopDraining } from "./draining.ts";
import { EndedInstance } from "./observe/ended.ts";
import { checksOf, healthCheck } from "./observe/health_check.ts";
import { getIfShown, getInstance, healthOf } from "./observe/instance_lookup.ts";
import { faultOfEnd, judgeHealthCheck, judgeRegistered, reachOf } from "./observe/judge.ts";
import { attemptInTime, type AttemptSpec, runStep } from "./step.ts";

/** The longest pause between two health checks, in ms. */
const HEALTH_CHECK_PACE = 1_000;

/**
 * How long kas waits for the first answer of an instance before it tests whether it can reach the other instances, in ms. The
 * load balancer needs longer than this to find an instance healthy.
 */
const REACH_PATIENCE = 15_000;

/**
 * The share of the timeout for which kas waits for the first answer if no instance is in service, with which it could compare. A booting
 * instance is silent for a part of this time. After the rest, more likely kas reaches no instance.
 */
const LONE_PATIENCE = 0.5;

/** The shortest pause between two checks that the instance has not stopped or terminated, in ms. */
const END_CHECK_PACE = 3_000;

/**
 * Puts an instance into service: starts the instance if it is stopped, waits until it runs and passes its health check,
 * registers it, and waits until the load balancer reports it in service.
 *
 * @returns the instance as kas last observed it
 * @throws {ActivityError} if the instance does not come into service
 */
export async function scaleOut(context: ActivityContext): Promise<Ec2Instance> {
  const { environment: { runtime: { clock }, tuning }, journal, launched } = context;
  let instance = context.seen ?? await attemptInTime(context, {
    failure: `${context.id} could not be observed`,
    timeout: timeoutOf(context),
    attempt: () => getIfShown(context),
  });
  const now = clock.now();
  const terms = {
    now,
    firstSeen: journal.quarantines.firstSeen(context.id) ?? now,
    lasts: tuning().quarantineFor,
  };
  const exempt = whyExempt({ ...withQuarantineEnd(instance, terms), registration: "none" });
  if (exempt !== undefined) throw new ActivityError(`${context.id}: ${exempt}`);
  const isStopped = instance.state === "running" && !await endDraining(context, instance);
  if (isStopped) await stopDraining(context);
  if (isStopped || instance.state === "stopping") instance = await waitUntilStopped(context);
  // Read the checks while the instance starts. A failed read repeats when kas needs the checks.
  void checksOf(context).catch(() => {});
  const before = instance.stateTransitionAt ?? instance.stoppedAt ?? instance.launched;
  const ended = new EndedInstance(clock, launched ? 0 : before);
  if (instance.state === "stopped") await start(context, instance);
  if (instance.state !== "running") instance = await waitUntilRunning(context, ended);
  await waitUntilHealthy(context, instance, ended);
  await registerInstance(context);
  await waitUntilInService(context, instance, ended);
  return instance;
}

function timeoutOf({ environment: { tuning } }: ActivityContext): number {
  return tuning().startTimeout;
}

/** Waits until an instance has stopped. If EC2 takes longer than the timeout, kas does not count it as a fault of the instance. */
async function waitUntilStopped(context: ActivityContext): Promise<Ec2Instance> {
  return await runStep(context, {
    name: "stopped",
    failure: `${context.id} did not stop`,
    timeout: timeoutOf(context),
    attempt: async () => {
      const instance = await getInstance(context);
      // EC2's reads may show an old state: here, `running` is the state from before the stop.
      return /^(stopping|running)$/.test(instance.state) ? undefined : instance;
    },
  });
}

async function start(context: ActivityContext, { zone, type }: Ec2Instance): Promise<void> {
  const { environment: { aws }, id } = context;
  await runStep(context, {
    name: "started",
    failure: `${id} could not be started`,
    timeout: timeoutOf(context),
    attempt: async () => {
      try {
        await startInstance(aws, id, `${zone} ${type}`);
        return true;
      } catch (error) {
        // EC2 refuses to start an instance that is still stopping, even if its reads already show `stopped`.
        if (!isIncorrectState(error)) throw error;
        const { state } = await getInstance(context);
        if (state === "shutting-down" || state === "terminated") {
          throw new ActivityError(`${id} is ${state}`);
        }
        return undefined;
      }
    },
  });
}

async function waitUntilRunning(context: ActivityContext, ended: EndedInstance): Promise<Ec2Instance> {
  const { id } = context;
  let last: Ec2Instance["state"] | undefined;
  return await runStep(context, {
    name: "running",
    failure: `${id} did not reach the state running`,
    timeout: timeoutOf(context),
    lastSeen: () => last && `it is ${last}`,
    attempt: async () => {
      const instance = await getIfShown(context);
      if (instance === undefined) return undefined;
      last = instance.state;
      // Source: EC2 user guide, "Troubleshoot instance launch issues".
      if (ended.isShownBy(instance)) {
        throw endedError(instance);
      }
      return last === "running" ? instance : undefined;
    },
  });
}

async function waitUntilHealthy(
  context: ActivityContext,
  instance: Ec2Instance,
  ended: EndedInstance,
): Promise<void> {
  const check = healthCheck(context, instance, () => getIfShown(context));
  const { environment: { fleet, runtime: { clock } }, log, id } = context;
  const loneAt = clock.elapsed() + LONE_PATIENCE * timeoutOf(context);
  // Without a load balancer, nobody else can decide.
  let compareAt = fleet.balancer.kind === "none"
    ? Infinity
    : Math.min(loneAt, clock.elapsed() + REACH_PATIENCE);
  const attempt = async () => {
    const passed = await check.attempt();
    if (passed || check.answered() || clock.elapsed() < compareAt) return passed;
    const reach = await reachOf(context);
    const isLate = clock.elapsed() >= loneAt;
    compareAt = reach === "unknown" ? loneAt : Infinity;
    if (reach !== "out-of-reach" && !(reach === "unknown" && isLate)) return undefined;
    log.warn("the autoscaler reaches no instance, so the load balancer decides", { instance: id });
    return true;
  };
  await runStep(context, {
    name: "healthy",
    failure: `${context.id} did not pass its health check`,
    timeout: timeoutOf(context),
    pace: HEALTH_CHECK_PACE,
    ...whileItExists(context, ended, { ...check, attempt }),
    fault: () => judgeHealthCheck(context, check.answered()),
  });
}

async function registerInstance(context: ActivityContext): Promise<void> {
  const { environment: { fleet, registrar }, id } = context;
  let behind = false;
  await runStep(context, {
    name: "registered",
    failure: `${id} could not be registered`,
    timeout: timeoutOf(context),
    lastSeen: () => behind ? `${titleOf(fleet.balancer)} does not know it` : undefined,
    fault: () => "balancer-behind",
    attempt: async () => {
      try {
        await registrar.register(id);
        return true;
      } catch (error) {
        // The load balancer learns with a delay that the instance runs. Until then it refuses to register the instance.
        if (!isNotRegistrable(error) || (await getIfShown(context))?.state !== "running") throw error;
        behind = true;
        return undefined;
      }
    },
  });
}

async function waitUntilInService(
  context: ActivityContext,
  { zone }: Ec2Instance,
  ended: EndedInstance,
): Promise<void> {
  const { registrar } = context.environment;
  let last = registrar.unlisted;
  let unused = false;
  let isUnchecked = false;
  await runStep(context, {
    name: "in-service",
    failure: `${context.id} did not become InService`,
    timeout: timeoutOf(context),
    lastSeen: () => last,
    // A load balancer does not check the health of an instance to which it sends no requests, and EC2 may check an instance late.
    fault: () => unused ? "zone-not-served" : isUnchecked ? "slow" : judgeRegistered(context),
    ...whileItExists(context, ended, {
      attempt: async () => {
        const health = await healthOf(context);
        if (health?.registration === "in-service") return true;
        unused = health?.unused ?? false;
        isUnchecked = health?.reasonCode === UNCHECKED;
        if (health !== undefined) {
          last = unused ? notServed(context, zone, health) : registrar.describe(health);
        }
        return undefined;
      },
    }),
  });
}

/**
 * Describes a zone to which the load balancer sends no requests, and adds the command that adds the zone to a Classic Load
 * Balancer.
 */
function notServed(
  { environment: { fleet: { fleet, balancer }, registrar } }: ActivityContext,
  zone: string,
  health: Health,
): string {
  if (balancer.kind !== "classic") return `${registrar.describe(health)} (zone ${zone})`;
  const mend = ["kas", "admin", "setup", "--fleet", fleet, "--load-balancer", balancer.name];
  return `${titleOf(balancer)} does not serve ${zone}; to add the zone: ${commandText(mend)}`;
}

/** Extends an attempt: it also fails if the instance has stopped or terminated. */
function whileItExists<T extends Pick<AttemptSpec<true>, "attempt">>(
  context: ActivityContext,
  ended: EndedInstance,
  spec: T,
): T {
  const { environment: { runtime: { clock } } } = context;
  let checked = clock.elapsed();
  const attempt = async () => {
    const result = await spec.attempt();
    if (result !== undefined || clock.elapsed() - checked < END_CHECK_PACE) return result;
    checked = clock.elapsed();
    const instance = await getIfShown(context);
    if (instance !== undefined && ended.isShownBy(instance)) throw endedError(instance);
    return undefined;
  };
  return { ...spec, attempt };
}

/** Returns the error for an instance that stopped or terminated during its start, with EC2's reason. */
function endedError(instance: Ec2Instance): ActivityError {
  const { id, state } = instance;
  const reason = stateReasonText(instance);
  const said = reason === undefined ? "" : ` (EC2: ${reason})`;
  return new ActivityError(`${id} is ${state} before its start was complete${said}`, faultOfEnd(instance));
}
