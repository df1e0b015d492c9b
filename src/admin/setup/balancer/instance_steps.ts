/**
 * The steps of `kas admin setup` that register instances with the load balancer.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Balancer, type BalancerRef, register } from "../../../aws/balancing/balancer.ts";
import type { Aws } from "../../../aws/clients.ts";
import { type Ec2Instance, findInstance } from "../../../aws/ec2/instances.ts";
import { untagInstances } from "../../../aws/ec2/operator_tags.ts";
import { allDone, batched } from "../../../aws/many/batches.ts";
import { ExitError } from "../../../cli/command.ts";
import { AFTER_CREATION, repeated } from "../repeat.ts";
import { type Ensure, ensureAll } from "../steps.ts";

/** How long setup waits until a pending instance runs, in ms. EC2 takes 15 s to 60 s. */
const PENDING_TIMEOUT = 300_000;

/** The interval at which setup looks at a pending instance, in ms. */
const POLL_INTERVAL = 1_000;

/**
 * Registers instances with a load balancer.
 *
 * @param balancer undefined if a dry run would create it
 * @param existing the load balancer before this setup. Undefined: it did not exist
 */
export async function registerInstances(
  aws: Aws,
  balancer: BalancerRef | undefined,
  existing: Balancer | undefined,
  instances: readonly Ec2Instance[],
  ensure: Ensure,
  signal: AbortSignal,
): Promise<void> {
  const hasTargets = balancer?.kind === "target-groups";
  // A target group may have been created for this setup. Therefore a target group without registered instances counts as new.
  const isNew = existing === undefined || (hasTargets && existing.instances.length === 0);
  const serving = instances.filter((instance) => shallServe(instance, isNew));
  const ids = serving.map(({ id }) => id);
  // A target group accepts only running instances.
  const pending = new Set(
    serving.filter(({ state }) => hasTargets && state === "pending").map(({ id }) => id),
  );
  const registered = new Set(existing?.instances);
  const registerOne = batched(ids.filter((id) => !registered.has(id)), async (batch) => {
    if (balancer === undefined) throw new RangeError("A dry run registers no instances");
    for (const id of batch.filter((id) => pending.has(id))) await waitUntilRunning(aws, id, signal);
    const send = () => register(aws, balancer, batch, signal);
    await (hasTargets && existing === undefined ? repeated(send, AFTER_CREATION, signal) : send());
    const takenOut = serving.filter(({ id, byOperator }) => byOperator !== undefined && batch.includes(id));
    await untagInstances(aws, takenOut.map(({ id }) => id), ["byOperator"], signal);
    return allDone(batch);
  });
  await ensureAll(
    ensure,
    ids.map((id) => ({
      resource: "instance",
      name: id,
      change: registered.has(id) ? undefined : "register",
      apply: () => registerOne(id),
    })),
  );
}

/**
 * Waits until a pending instance runs.
 *
 * @throws {ExitError} if EC2 does not start the instance in time
 */
async function waitUntilRunning(aws: Aws, id: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + PENDING_TIMEOUT;
  for (;;) {
    // EC2 may not list an instance yet that it has just launched.
    const state = (await findInstance(aws, id, signal))?.state ?? "pending";
    if (state === "running") return;
    if (state !== "pending" || performance.now() >= deadline) {
      throw new ExitError(
        `Cannot register ${id} with the target group: it is ${state}, and a target group accepts only running instances`,
        1,
        "kas admin instances, then kas admin setup again once it runs",
      );
    }
    await delay(POLL_INTERVAL, undefined, { signal });
  }
}

/**
 * Returns whether setup registers an instance. Setup registers base instances that are running or pending. With a new load balancer,
 * setup also registers such nodes. With an existing load balancer, a scale-out or scale-in of an unregistered node may be in
 * progress (R9, R10). Setup does not register an instance that an operator has detached.
 */
function shallServe({ role, state, detached }: Ec2Instance, isNewBalancer: boolean): boolean {
  return !detached && (state === "running" || state === "pending") &&
    (role === "base" || (role === "node" && isNewBalancer));
}
