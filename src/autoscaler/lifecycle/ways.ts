/**
 * The way in (R9) and the way out (R10) of one instance, step by step. Each step looks at the world before it acts, so
 * that either way can be entered again at any point, by a restart for one (R13).
 *
 * @module
 */
import { deregister, type Health, register } from "../../aws/balancing/balancer.ts";
import { isIncorrectState } from "../../aws/errors.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { startInstance, stopInstance, terminateInstance } from "../../aws/ec2/state_changes.ts";
import { whyExempt } from "../../scaling/selection/eligibility.ts";
import {
  type ActivityContext,
  ActivityError,
  glance,
  healthOf,
  look,
  runStep,
  seek,
  settled,
  type StepSpec,
} from "./activity_context.ts";
import { healthCheck } from "./health_check.ts";
import { recheck } from "./recheck.ts";
import { putBack } from "./rollback.ts";

/** The longest time between two probes of a worker, ms. */
const PROBE_PACE = 1_000;

/** The shortest time between two looks at whether what is waited for is still there, ms. */
const LOOK_PACE = 3_000;

/**
 * Brings an instance into service: started if it is stopped, once it has stopped if it is stopping; running; its worker
 * answers; registered; InService.
 *
 * @returns the instance as it was last looked at
 * @throws {ActivityError}
 */
export async function scaleOut(errand: ActivityContext): Promise<Ec2Instance> {
  const { environment: { aws, fleet, startTimeout: timeout }, id } = errand;
  let now = errand.seen ??
    await settled(errand, { what: `a look at ${id}`, timeout, attempt: () => glance(errand) });
  const unfit = whyExempt({ ...now, registration: "none" });
  if (unfit !== undefined) throw new ActivityError(`${id}: ${unfit}`, false);
  if (now.state === "stopping") {
    now = await runStep(errand, {
      name: "stopped",
      what: `${id} stopped`,
      timeout,
      attempt: async () => {
        const seen = await look(errand);
        return seen.state === "stopping" ? undefined : seen;
      },
    });
  }
  if (now.state === "stopped") {
    await runStep(errand, {
      name: "started",
      what: `the start of ${id}`,
      timeout,
      attempt: () => start(errand),
    });
  }
  if (now.state !== "running") {
    now = await runStep(errand, { name: "running", what: `${id} running`, timeout, ...running(errand) });
  }
  await runStep(errand, {
    name: "healthy",
    what: `the worker of ${id}`,
    timeout,
    pace: PROBE_PACE,
    ...whileThere(errand, healthCheck(errand, now)),
  });
  await runStep(errand, {
    name: "registered",
    what: `the registration of ${id}`,
    timeout,
    attempt: async () => {
      await register(aws, fleet.balancer, id);
      return true;
    },
  });
  await runStep(errand, {
    name: "in-service",
    what: `${id} InService`,
    timeout,
    ...whileThere(errand, inService(errand)),
  });
  return now;
}

/**
 * Takes an instance out of service: deregistered, drained, looked at once more, stopped or terminated. Before it is
 * deregistered, and at the last look, the fleet is looked at again: whether the instance can still be spared.
 *
 * It is neither before it is drained, however long that takes: one that does not drain in time, can't be spared any more, or
 * can't be stopped, is registered again.
 *
 * @param commit called right before StopInstances or TerminateInstances, from where on there is no taking back
 * @throws {ActivityError}
 */
export async function scaleIn(
  errand: ActivityContext,
  kind: "stop" | "terminate",
  commit: () => void,
): Promise<void> {
  const { journal, activity } = errand;
  const given = journal.steps(activity).find((it) => it.step === "re-registered");
  // An earlier run had given it up already.
  if (given?.cause !== undefined) {
    return await stays(errand, new ActivityError(given.cause.reason, given.cause.blame));
  }
  try {
    // One that is being terminated already, by an earlier run for one, serves nobody any more.
    const going = kind === "terminate" && await isGoing(errand);
    if (!going) await drain(errand);
    errand.signal.throwIfAborted();
    commit();
    await (kind === "stop" ? stop(errand) : terminate(errand));
  } catch (error) {
    if (!(error instanceof ActivityError)) throw error;
    await stays(errand, error);
  }
}

/** The way out as far as it can be taken back. */
async function drain(errand: ActivityContext): Promise<void> {
  const { environment: { aws, fleet, drainTimeout: timeout }, id } = errand;
  await runStep(errand, {
    name: "deregistered",
    what: `the deregistration of ${id}`,
    timeout,
    attempt: async () => {
      await deregister(aws, fleet.balancer, id, undefined, () => recheck(errand));
      return true;
    },
  });
  await runStep(errand, {
    name: "drained",
    what: `${id} drained`,
    timeout,
    ...drained(errand),
  });
  await runStep(errand, {
    name: "rechecked",
    what: `a look at ${id}`,
    timeout,
    attempt: async () => {
      const { registration: standing } = await recheck(errand);
      if (standing !== "none") throw new ActivityError(`${id} was registered again by someone else`, false);
      return true;
    },
  });
}

/** The rest of the way out. A drained instance serves nobody: only that AWS is away can delay its stop. */
async function stop(errand: ActivityContext): Promise<void> {
  const { environment: { aws, drainTimeout }, id } = errand;
  await runStep(errand, {
    name: "stopping",
    what: `the stop of ${id}`,
    timeout: Infinity,
    attempt: () => stopInstance(aws, id),
  });
  await runStep(errand, {
    name: "stopped",
    what: `${id} stopped`,
    timeout: drainTimeout,
    attempt: async () => {
      const state = (await seek(errand))?.state;
      return state === "running" || state === "stopping" ? undefined : true;
    },
  });
}

/** The same for one that is to go for good. */
async function terminate(errand: ActivityContext): Promise<void> {
  const { environment: { aws, drainTimeout }, id } = errand;
  await runStep(errand, {
    name: "terminating",
    what: `the termination of ${id}`,
    timeout: Infinity,
    attempt: async () => await isGoing(errand) || await terminateInstance(aws, id),
  });
  await runStep(errand, {
    name: "terminated",
    what: `${id} terminated`,
    timeout: drainTimeout,
    attempt: async () => {
      const state = (await seek(errand))?.state;
      return state === undefined || state === "terminated" ? true : undefined;
    },
  });
}

/** Whether an instance is being terminated, or gone. */
async function isGoing(errand: ActivityContext): Promise<boolean> {
  return await settled(errand, {
    what: `a look at ${errand.id}`,
    timeout: Infinity,
    attempt: async () => {
      const state = (await seek(errand))?.state;
      return state === undefined || state === "shutting-down" || state === "terminated";
    },
  });
}

/** An instance that can't be taken out stays in. */
async function stays(errand: ActivityContext, error: ActivityError): Promise<never> {
  const { message: reason, blame } = error;
  const message = await putBack(errand, { reason, blame }) ? `${reason}; it is registered again` : reason;
  throw new ActivityError(message, blame, { cause: error });
}

/** StartInstances. EC2 refuses it while the instance is stopping, which a look that lags behind may not show. */
async function start(errand: ActivityContext): Promise<true | undefined> {
  const { environment: { aws }, id } = errand;
  try {
    await startInstance(aws, id);
    return true;
  } catch (error) {
    if (!isIncorrectState(error)) throw error;
    const { state } = await look(errand);
    if (state === "shutting-down" || state === "terminated") {
      throw new ActivityError(`${id} is ${state}`, false);
    }
    return undefined;
  }
}

/** Looks whether an instance runs. */
function running(errand: ActivityContext) {
  const { id } = errand;
  let last: Ec2Instance["state"] | undefined;
  let pending = false;
  return {
    told: () => last === undefined ? undefined : `it is ${last}`,
    attempt: async () => {
      const instance = await glance(errand);
      if (instance === undefined) return undefined;
      last = instance.state;
      switch (last) {
        case "running":
          return instance;
        case "pending":
          pending = true;
          return undefined;
        case "stopped":
          // EC2's answers lag behind, so only one that was seen to start has failed to. Source: EC2 user guide, "Troubleshoot
          // instance launch issues".
          if (pending) throw new ActivityError(`${id} stopped while it was starting`, true);
          return undefined;
        case "stopping":
        case "shutting-down":
        case "terminated":
          throw ended(instance);
        default:
          return last satisfies never;
      }
    },
  };
}

/** What is said of an instance that ends on its way in: EC2 knows why, of one that it can't launch for instance. */
function ended({ id, state, stateReason }: Ec2Instance): ActivityError {
  return new ActivityError(`${id} is ${state}${stateReason === undefined ? "" : ` (${stateReason})`}`, false);
}

/** Has an attempt look now and then whether the instance is still there: one that is going will never get any further. */
function whileThere<T extends Pick<StepSpec<true>, "attempt">>(errand: ActivityContext, taking: T): T {
  const { environment: { clock } } = errand;
  let looked = clock.elapsed();
  const attempt = async () => {
    const seen = await taking.attempt();
    if (seen !== undefined || clock.elapsed() - looked < LOOK_PACE) return seen;
    looked = clock.elapsed();
    const now = await glance(errand);
    if (now !== undefined && /^(stopping|shutting-down|terminated)$/.test(now.state)) throw ended(now);
    return undefined;
  };
  return { ...taking, attempt };
}

/** Looks whether an instance has drained. */
function drained(errand: ActivityContext) {
  let told: string | undefined;
  return {
    told: () => told,
    attempt: async () => {
      const health = await healthOf(errand);
      if (health === undefined) return true;
      told = saidOf(health);
      return undefined;
    },
  };
}

/** Looks whether an instance is in service at the load balancer. */
function inService(errand: ActivityContext) {
  let told = "the load balancer does not list it";
  let unused = false;
  return {
    told: () => told,
    blame: () => !unused,
    attempt: async () => {
      const health = await healthOf(errand);
      if (health?.registration === "in-service") return true;
      unused = health?.unused ?? false;
      if (health !== undefined) told = saidOf(health);
      return undefined;
    },
  };
}

/** What the load balancer says of an instance. */
function saidOf({ state, description }: Health): string {
  return `the load balancer says ${state}: ${description.replace(/\.$/, "")}`;
}
