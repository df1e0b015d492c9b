/**
 * Which security groups of the instances have to admit the load balancer.
 *
 * @module
 */
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { type Admission, coversPort } from "../../../aws/ec2/network/balancer_groups.ts";
import { exists } from "../../../scaling/model/instance.ts";

/** A port of a security group's members that the load balancer has to reach. */
export interface NeededAdmission {
  readonly group: string;
  readonly port: number;
  /** Whether the group has such a rule. */
  readonly exists: boolean;
}

/**
 * Returns the admissions that the instances need. An instance needs one of its groups to admit the load balancer on each port. If none
 * does, its first group gets a rule. The load balancer sends no requests to control instances.
 *
 * @param current the rules that admit the security group of the load balancer
 */
export function neededAdmissions(
  instances: readonly Ec2Instance[],
  ports: readonly number[],
  current: readonly Admission[],
): NeededAdmission[] {
  const needed = new Map<string, NeededAdmission>();
  for (const instance of instances) {
    const { role, securityGroups = [] } = instance;
    const [first] = securityGroups;
    if (!exists(instance) || role === "control" || first === undefined) continue;
    for (const port of ports) {
      const admitting = securityGroups.find((group) =>
        current.some((rule) => rule.group === group && coversPort(rule, port))
      );
      const group = admitting ?? first;
      needed.set(`${group} ${port}`, { group, port, exists: admitting !== undefined });
    }
  }
  return [...needed.values()];
}
