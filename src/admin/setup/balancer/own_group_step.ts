/**
 * The step of `kas admin setup` for a target group that its operator has created.
 *
 * @module
 */
import { groupName } from "../../../aws/balancing/target_group.ts";
import { applyChanges, requiredChanges } from "../../../aws/balancing/target_group_settings.ts";
import type { Aws } from "../../../aws/clients.ts";
import { ExitError } from "../../../cli/command.ts";
import type { Ensure, SetupPlan } from "../steps.ts";
import { CREATE_GROUP } from "./options.ts";

/** Sets the deregistration delay of a target group, and its health check if the plan has one. */
export async function setUpTargetGroup(
  aws: Aws,
  arn: string,
  { healthCheck, drainTimeout }: SetupPlan,
  groupExists: boolean,
  ensure: Ensure,
  signal: AbortSignal,
): Promise<void> {
  const name = groupName(arn);
  if (!groupExists) {
    throw new ExitError(
      `There is no target group ${name}`,
      4,
      CREATE_GROUP,
    );
  }
  const changes = await requiredChanges(aws, arn, { healthCheck, drainTimeout }, signal);
  const change = Object.keys(changes).length === 0 ? undefined : "update";
  await ensure("balancer", name, change, () => applyChanges(aws, arn, changes));
}
