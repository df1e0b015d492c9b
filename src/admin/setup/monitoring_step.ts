/**
 * The step of `kas admin setup` for detailed monitoring.
 *
 * @module
 */
import type { Aws } from "../../aws/clients.ts";
import { enableDetailedMonitoring } from "../../aws/ec2/instance_settings.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { exists } from "../../scaling/model/instance.ts";
import type { Ensure, SetupPlan } from "./steps.ts";

/** Maximum number of instances in one call. For 200 instances, setup makes four calls, which is far below EC2's rate limit. */
const BATCH = 50;

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
  for (let i = 0; i < ids.length; i += BATCH) {
    const batch = ids.slice(i, i + BATCH);
    let enabled: Promise<void> | undefined;
    for (const id of batch) {
      await ensure(
        "monitoring",
        id,
        "enable",
        () => enabled ??= enableDetailedMonitoring(aws, batch, signal),
      );
    }
  }
}
