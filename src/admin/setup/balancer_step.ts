/**
 * The steps of `kas admin setup` for the load balancer: its settings, its zones and its registered instances.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Balancer, findBalancer, register } from "../../aws/balancing/balancer.ts";
import {
  attachSubnets,
  createBalancer,
  drainingTimeout,
  enableZones,
  setDraining,
} from "../../aws/balancing/classic_balancer.ts";
import { isRightDelay } from "../../aws/balancing/draining.ts";
import { groupName } from "../../aws/balancing/target_group.ts";
import { applyChanges, requiredChanges } from "../../aws/balancing/target_group_settings.ts";
import { allDone, batched } from "../../aws/many/batches.ts";
import type { Aws } from "../../aws/clients.ts";
import { type Ec2Instance, findInstance } from "../../aws/ec2/instances.ts";
import { untagInstances } from "../../aws/ec2/operator_tags.ts";
import { ExitError } from "../../cli/command.ts";
import { zonesOf } from "../balancers/lookup.ts";
import { placementIn } from "../balancers/placement.ts";
import { type Ensure, ensureAll, type SetupPlan } from "./steps.ts";

/** How long setup waits until a pending instance runs, in ms. EC2 takes 15 s to 60 s. */
const PENDING_TIMEOUT = 300_000;

/** The interval at which setup looks at a pending instance, in ms. */
const POLL_INTERVAL = 1_000;

const FIRST_INSTANCE = "kas admin instances create --role base --image AMI, then kas admin setup again";

/** Sets up the load balancer. Returns the state that the load balancer had before, or undefined if it did not exist. */
export async function setUpBalancer(
  aws: Aws,
  plan: SetupPlan,
  instances: readonly Ec2Instance[],
  ensure: Ensure,
  signal: AbortSignal,
): Promise<Balancer | undefined> {
  const { balancer } = plan;
  const existing = await findBalancer(aws, balancer, signal);
  if (balancer.kind === "classic") await setUpClassic(aws, plan, existing, instances, ensure, signal);
  if (balancer.kind === "target-groups") {
    for (const arn of balancer.arns) await setUpTargetGroup(aws, arn, plan, existing, ensure, signal);
  }
  // kas admin setup cannot create a target group. Therefore a target group without registered instances counts as new.
  const isNew = existing === undefined ||
    (balancer.kind === "target-groups" && existing.instances.length === 0);
  const serving = instances.filter((instance) => shallServe(instance, isNew));
  const ids = serving.map(({ id }) => id);
  // A target group accepts only running instances.
  const pending = new Set(
    serving.filter(({ state }) => balancer.kind === "target-groups" && state === "pending").map(({ id }) =>
      id
    ),
  );
  const registered = new Set(existing?.instances);
  const registerOne = batched(ids.filter((id) => !registered.has(id)), async (batch) => {
    for (const id of batch.filter((id) => pending.has(id))) await waitUntilRunning(aws, id, signal);
    await register(aws, balancer, batch, signal);
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
  return existing;
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

async function setUpClassic(
  aws: Aws,
  { fleet, balancer: { name }, drainTimeout }: SetupPlan,
  existing: Balancer | undefined,
  instances: readonly Ec2Instance[],
  ensure: Ensure,
  signal: AbortSignal,
): Promise<void> {
  const placementOf = (zones: readonly string[]) => placementIn(aws, instances, fleet, zones, signal);
  const create = async () => {
    await createBalancer(
      aws,
      name,
      await placementOf(zonesOf(instances, fleet, FIRST_INSTANCE)),
      drainTimeout,
    );
  };
  if (existing === undefined) return await ensure("balancer", name, "create", create);
  const isRight = isRightDelay(await drainingTimeout(aws, name, signal), drainTimeout);
  await ensure("balancer", name, isRight ? undefined : "update", () => setDraining(aws, name, drainTimeout));
  const missing = new Set(instances.map(({ zone }) => zone)).difference(new Set(existing.zones));
  for (const zone of [...missing].sort()) {
    await ensure("zone", zone, "enable", async () => {
      const placement = await placementOf([zone]);
      await ("zones" in placement
        ? enableZones(aws, name, placement.zones)
        : attachSubnets(aws, name, placement.subnets));
    });
  }
}

/** Sets the health check and the deregistration delay of a target group. */
async function setUpTargetGroup(
  aws: Aws,
  arn: string,
  { drainTimeout }: SetupPlan,
  existing: Balancer | undefined,
  ensure: Ensure,
  signal: AbortSignal,
): Promise<void> {
  const name = groupName(arn);
  if (existing === undefined) {
    throw new ExitError(
      `There is no target group ${name}. Create it, its load balancer and its listener first`,
      4,
      "aws elbv2 create-target-group --target-type instance --protocol HTTP --port 30000",
    );
  }
  const changes = await requiredChanges(aws, arn, drainTimeout, signal);
  const change = Object.keys(changes).length === 0 ? undefined : "update";
  await ensure("balancer", name, change, () => applyChanges(aws, arn, changes));
}

/**
 * Returns whether setup registers an instance. Setup registers base instances that are running or pending. With a new load
 * balancer,
 * setup also registers such nodes. With an existing load balancer, a scale-out or scale-in of an unregistered node may be in
 * progress (R9, R10). Setup does not register an instance that an operator has detached.
 */
function shallServe({ role, state, detached }: Ec2Instance, isNewBalancer: boolean): boolean {
  return !detached && (state === "running" || state === "pending") &&
    (role === "base" || (role === "node" && isNewBalancer));
}
