/**
 * The health of instances in a fleet without a load balancer, as far as EC2 knows it.
 *
 * @module
 */
import type { Registration } from "../../scaling/model/instance.ts";
import type { Aws } from "../clients.ts";
import type { Ec2Instance } from "../ec2/ec2_instance.ts";
import { checkState } from "../ec2/status_checks.ts";
import { isDenied } from "../errors.ts";
import { type BalancerRef, health } from "./balancer.ts";
import type { Health } from "./health.ts";

/**
 * Whether an instance can be in service: it runs, and no operator has detached it. A control instance runs the autoscaler, and not the
 * service.
 */
export function isMember({ state, role, detached }: Ec2Instance): boolean {
  return state === "running" && role !== "control" && !detached;
}

/** The reason code of an instance whose status checks by EC2 have not ended. */
export const UNCHECKED = "initializing";

/** Returns the health of an instance. */
export function reportedHealth(
  { id }: Pick<Ec2Instance, "id">,
  registration: Registration,
  description: string,
  reasonCode = "",
): Health {
  return { id, state: registration, reasonCode, description, registration, unused: false };
}

/**
 * Returns whether an instance that runs has passed EC2's status checks. Without the permission to read them, every instance that runs
 * has passed them.
 */
export async function checkedHealth(aws: Aws, instance: Ec2Instance, signal?: AbortSignal): Promise<Health> {
  const state = await checkState(aws, instance.id, signal).catch((error) => {
    if (isDenied(error)) return "ok";
    throw error;
  });
  return state === "ok"
    ? reportedHealth(instance, "in-service", "it has passed EC2's status checks")
    : reportedHealth(instance, "out-of-service", `EC2's status checks are ${state ?? "unknown"}`, state);
}

/** Returns the health of each instance that can be in service. */
async function checkedHealths(
  aws: Aws,
  instances: readonly Ec2Instance[],
  signal?: AbortSignal,
): Promise<Health[]> {
  return await Promise.all(
    instances.filter(isMember).map((instance) => checkedHealth(aws, instance, signal)),
  );
}

/**
 * The health of a fleet's instances at its balancer. Without a balancer, as far as EC2 knows it: EC2 does not know whether a service drains.
 * Throws the same errors as {@linkcode health}.
 *
 * @param list lists the instances of the fleet; only called if there is no balancer
 */
export async function fleetHealth(
  aws: Aws,
  ref: BalancerRef,
  list: () => readonly Ec2Instance[] | Promise<readonly Ec2Instance[]>,
  signal?: AbortSignal,
): Promise<Health[]> {
  return ref.kind === "none"
    ? await checkedHealths(aws, await list(), signal)
    : await health(aws, ref, signal);
}
