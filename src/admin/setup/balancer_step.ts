/**
 * The steps of `kas admin setup` for the load balancer: its settings, its zones and its registered instances.
 *
 * @module
 */
import { type Balancer, findBalancer, register } from "../../aws/balancing/balancer.ts";
import {
  attachSubnets,
  createBalancer,
  drainingTimeout,
  enableZones,
  setDraining,
} from "../../aws/balancing/classic_balancer.ts";
import { isRightDelay } from "../../aws/balancing/draining.ts";
import { applyChanges, requiredChanges } from "../../aws/balancing/target_group_settings.ts";
import { allDone, batched } from "../../aws/many/batches.ts";
import type { Aws } from "../../aws/clients.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { ExitError } from "../../cli/command.ts";
import { zonesOf } from "../balancers/lookup.ts";
import { placementIn } from "../balancers/placement.ts";
import { type Ensure, ensureAll, type SetupPlan } from "./steps.ts";

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
  else await setUpTargetGroup(aws, balancer.arn, plan, existing, ensure, signal);
  // kas admin setup cannot create a target group. Therefore a target group without registered instances counts as new.
  const isNew = existing === undefined ||
    (balancer.kind === "target-group" && existing.instances.length === 0);
  // A target group accepts only running instances.
  const registrable = instances.filter(({ state }) => balancer.kind === "classic" || state === "running");
  const ids = registrable.filter((instance) => shallServe(instance, isNew)).map(({ id }) => id);
  const registered = new Set(existing?.instances);
  const registerOne = batched(ids.filter((id) => !registered.has(id)), async (batch) => {
    await register(aws, balancer, batch, signal);
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
  { balancer: { name }, drainTimeout }: SetupPlan,
  existing: Balancer | undefined,
  ensure: Ensure,
  signal: AbortSignal,
): Promise<void> {
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
 * progress (R9, R10).
 */
function shallServe({ role, state }: Ec2Instance, isNewBalancer: boolean): boolean {
  return (state === "running" || state === "pending") &&
    (role === "base" || (role === "node" && isNewBalancer));
}
