/**
 * An EC2 instance in the rules' words: its role from its tags or its name, the time it was stopped from EC2's reason.
 *
 * @module
 */
import type { Instance, Role } from "../../scaling/model/instance.ts";
import type { DescribedInstance } from "../sdk/instance_page.ts";

/** An instance without its standing at the load balancer, which another service knows. */
export interface Ec2Instance extends Omit<Instance, "registration"> {
  /** For people and checks, as what follows: the rules know nothing of it. */
  readonly publicIp?: string;
  /** The image it was launched from. */
  readonly image?: string;
  /** Ids. */
  readonly securityGroups?: readonly string[];
  /** Why it is stopping, stopped or ending, in EC2's words: `Client.VolumeLimitExceeded: Volume limit exceeded`. */
  readonly stateReason?: string;
}

/** The tags that tell a fleet's instances and what they are for. */
export const TAG = {
  fleet: "kas:fleet",
  role: "kas:role",
  quarantine: "kas:quarantine",
  name: "Name",
} as const;

/** EC2's instance as kas sees it. `fleet` is a name that a legacy one may go by. */
export function instanceOf(found: DescribedInstance, fleet: string | undefined): Ec2Instance {
  const tags = tagsOf(found);
  const state = found.State?.Name ?? "pending";
  const stoppedAt = state === "stopped" ? stopTime(found.StateTransitionReason) : undefined;
  const quarantine = tags[TAG.quarantine];
  const autoScalingGroup = tags["aws:autoscaling:groupName"];
  return {
    id: found.InstanceId ?? "",
    name: tags[TAG.name] ?? "",
    role: roleOf(tags, [tags[TAG.fleet], found.KeyName, fleet]),
    state,
    type: found.InstanceType ?? "",
    zone: found.Placement?.AvailabilityZone ?? "",
    ...(found.PrivateIpAddress ? { privateIp: found.PrivateIpAddress } : {}),
    ...(found.PublicDnsName ? { publicDns: found.PublicDnsName } : {}),
    ...(found.PublicIpAddress ? { publicIp: found.PublicIpAddress } : {}),
    ...(found.ImageId ? { image: found.ImageId } : {}),
    ...(found.SecurityGroups?.length
      ? { securityGroups: found.SecurityGroups.map(({ GroupId }) => GroupId ?? "") }
      : {}),
    ...(found.LaunchTime ? { launched: found.LaunchTime.getTime() } : {}),
    ...(found.StateReason?.Message ? { stateReason: found.StateReason.Message } : {}),
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
    ...(quarantine === undefined ? {} : { quarantine }),
    ...(autoScalingGroup === undefined ? {} : { autoScalingGroup }),
  };
}

/** The role that the tag names; without one, the role that the name tells of, in any of the names the fleet goes by. */
function roleOf(tags: Record<string, string>, fleets: readonly (string | undefined)[]): Role {
  const role = tags[TAG.role];
  if (role === "base" || role === "control" || role === "node") return role;
  const name = tags[TAG.name];
  const named = (suffix: string) =>
    fleets.some((fleet) => fleet !== undefined && name === `${fleet}_${suffix}`);
  return named("base") ? "base" : named("ctl") ? "control" : "node";
}

/** An instance's tags by key. */
export function tagsOf({ Tags }: DescribedInstance): Record<string, string> {
  return Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
}

/** `User initiated (2026-11-23 21:00:00 GMT)` → ms since the epoch. */
function stopTime(reason: string | undefined): number | undefined {
  const match = /\((\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (?:GMT|UTC)\)/.exec(reason ?? "");
  return match === null ? undefined : Date.parse(`${match[1]}T${match[2]}Z`);
}
