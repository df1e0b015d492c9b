/**
 * The step of `kas admin setup` for detailed monitoring.
 *
 * @module
 */
import { batched } from "../../aws/many/batches.ts";
import type { Aws } from "../../aws/clients.ts";
import { enableDetailedMonitoring } from "../../aws/ec2/instance_settings.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { exists } from "../../scaling/model/instance.ts";
import { type Ensure, ensureAll, type SetupPlan } from "./steps.ts";

/**
 * Enables detailed monitoring of the instances that have basic monitoring. Does nothing if the plan wants basic monitoring. Reports
 * no step for an instance that already has detailed monitoring.
 */
export async function setUpMonitoring(
  aws: Aws,
  { monitoring }: SetupPlan,
  instances: readonly Ec2Instance[],
  ensure: Ensure,
  signal: AbortSignal,
): Promise<void> {
  if (monitoring === "basic") return;
  const ids = instances.filter((instance) => exists(instance) && instance.monitoring === "basic")
    .map(({ id }) => id);
  const enable = batched(ids, (batch) => enableDetailedMonitoring(aws, batch, signal));
  await ensureAll(
    ensure,
    ids.map((id) => ({ resource: "monitoring", name: id, change: "enable", apply: () => enable(id) })),
  );
}
