/**
 * The steps of `kas admin setup` for a Classic Load Balancer.
 *
 * @module
 */
import type { Balancer } from "../../../aws/balancing/balancer.ts";
import { drainingTimeout } from "../../../aws/balancing/classic_balancer.ts";
import {
  attachSubnets,
  createBalancer,
  enableZones,
  setDraining,
} from "../../../aws/balancing/classic_setup.ts";
import { isRightDelay } from "../../../aws/balancing/draining.ts";
import type { Aws } from "../../../aws/clients.ts";
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { zonesOf } from "../../balancers/lookup.ts";
import { placementIn } from "../../balancers/placement.ts";
import type { Ensure, SetupPlan } from "../steps.ts";

const FIRST_INSTANCE = "kas admin instances create --role base --image AMI, then kas admin setup again";

/** Creates a Classic Load Balancer, or sets its draining timeout and adds the zones of new instances. */
export async function setUpClassic(
  aws: Aws,
  { fleet, drainTimeout }: SetupPlan,
  name: string,
  existing: Balancer | undefined,
  instances: readonly Ec2Instance[],
  ensure: Ensure,
  signal: AbortSignal,
): Promise<void> {
  const placementOf = (zones: readonly string[]) => placementIn(aws, instances, fleet, zones, signal);
  const create = async () => {
    const placement = await placementOf(zonesOf(instances, fleet, FIRST_INSTANCE));
    await createBalancer(aws, { name, fleet, drainTimeout }, placement);
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
