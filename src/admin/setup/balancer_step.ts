/**
 * The steps of `kas admin setup` for the load balancer and its registered instances.
 *
 * @module
 */
import { type Balancer, type BalancerRef, balancerRef, findBalancer } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { setUpClassic } from "./balancer/classic_step.ts";
import { registerInstances } from "./balancer/instance_steps.ts";
import { setUpLoadBalancer, waitUntilActive } from "./balancer/load_balancer_step.ts";
import { setUpTargetGroup } from "./balancer/own_group_step.ts";
import { prepare, type Prepared } from "./balancer/prepare.ts";
import type { Ensure, SetupPlan } from "./steps.ts";

/** The load balancer after a setup. */
export interface SetUpBalancer {
  /** Undefined if a dry run would create the load balancer. */
  readonly ref: BalancerRef | undefined;
  /** The state before the setup. Undefined if the load balancer did not exist. */
  readonly before: Balancer | undefined;
}

/** Reads what exists of a load balancer that setup creates. Throws the errors of {@linkcode prepare}. */
export async function prepareBalancer(
  aws: Aws,
  { balancer }: SetupPlan,
  instances: readonly Ec2Instance[],
  signal: AbortSignal,
): Promise<Prepared | BalancerRef> {
  return balancer.kind === "made" ? await prepare(aws, balancer, instances, signal) : balancer;
}

/**
 * Sets up the load balancer and registers instances with it.
 *
 * @param balancer the result of {@linkcode prepareBalancer}
 */
export async function setUpBalancer(
  aws: Aws,
  plan: SetupPlan,
  balancer: Prepared | BalancerRef,
  instances: readonly Ec2Instance[],
  ensure: Ensure,
  signal: AbortSignal,
): Promise<SetUpBalancer> {
  if (balancer.kind === "made") return await setUpMade(aws, plan, balancer, instances, ensure, signal);
  if (balancer.kind === "none") return { ref: balancer, before: undefined };
  const before = await findBalancer(aws, balancer, signal);
  if (balancer.kind === "classic") {
    await setUpClassic(aws, plan, balancer.name, before, instances, ensure, signal);
  } else {
    for (const arn of balancer.arns) {
      await setUpTargetGroup(aws, arn, plan, before !== undefined, ensure, signal);
    }
  }
  await registerInstances(aws, balancer, before, instances, ensure, signal);
  return { ref: balancer, before };
}

async function setUpMade(
  aws: Aws,
  plan: SetupPlan,
  prepared: Prepared,
  instances: readonly Ec2Instance[],
  ensure: Ensure,
  signal: AbortSignal,
): Promise<SetUpBalancer> {
  const arn = await setUpLoadBalancer(aws, plan, prepared, instances, ensure, signal);
  const ref = arn === undefined ? undefined : balancerRef({ fleet: plan.fleet, targetGroup: [arn] });
  const isNew = prepared.made.targetGroup === undefined;
  const before = ref === undefined || isNew ? undefined : await findBalancer(aws, ref, signal);
  await registerInstances(aws, ref, before, instances, ensure, signal);
  if (!plan.dryRun) await waitUntilActive(aws, plan, prepared.plan, signal);
  return { ref, before };
}
