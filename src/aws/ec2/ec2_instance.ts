/**
 * Converts EC2's instances to the instances of the scaling rules. kas reads the role from the tags or the name, and the
 * time of the stop from EC2's StateTransitionReason.
 *
 * @module
 */
import type { Instance, Role } from "../../scaling/model/instance.ts";
import type { DescribedInstance } from "../sdk/instance_page.ts";

/** An instance as EC2 describes it. It has no registration, because kas reads registrations from ELB. */
export interface Ec2Instance extends Omit<Instance, "registration"> {
  // The scaling rules do not use the following fields.
  readonly monitoring?: Monitoring;
  readonly publicIp?: string;
  /** The IPv6 address. Source: EC2 API, Instance, Ipv6Address. */
  readonly ipv6?: string;
  /** The image that the instance was launched from. */
  readonly image?: string;
  readonly vpc?: string;
  readonly subnet?: string;
  /** The number of vCPUs. CPUUtilization is their average. Absent if EC2 does not list it. */
  readonly vcpus?: number;
  /**
   * Present if the instance is a Spot instance. EC2 can stop a Spot instance only if its Spot request is persistent.
   */
  readonly spot?: true;
  /** Present if the root device is an instance store. EC2 cannot stop such an instance. */
  readonly instanceStore?: true;
  /**
   * Whether the public address is an Elastic IP. EC2 releases any other public address when the instance stops. Absent
   * if EC2 does not say who owns the address. Source: EC2 API, InstanceNetworkInterfaceAssociation, IpOwnerId.
   */
  readonly elasticIp?: boolean;
  /** The ids of the security groups. */
  readonly securityGroups?: readonly string[];
  /** Why the state last changed. Absent if EC2 gives no reason, for example for a running instance. */
  readonly stateReason?: StateReason;
  /** EC2's StateTransitionReason, for example `User initiated (2026-11-23 21:00:00 GMT)`. */
  readonly stateTransitionReason?: string;
  /**
   * The time in EC2's StateTransitionReason, in ms since the epoch. If this time is newer than when kas last read it,
   * the state has changed in between.
   */
  readonly stateTransitionAt?: number;
}

/**
 * How often EC2 publishes an instance's metrics: every five minutes with `basic`, every minute with `detailed`. Source:
 * EC2 user guide, "Monitor your instances using CloudWatch".
 */
export type Monitoring = "basic" | "detailed";

/** EC2's StateReason. Source: EC2 API, StateReason. */
export interface StateReason {
  /** EC2's code, for example `Client.VolumeLimitExceeded` or `Server.InsufficientInstanceCapacity`. */
  readonly code: string;
  /** EC2's message, for example `Client.VolumeLimitExceeded: Volume limit exceeded`. */
  readonly message: string;
}

/**
 * Returns why an instance's state last changed, in EC2's words and with EC2's code. Returns undefined if EC2 gives no
 * reason.
 */
export function stateReasonText(
  { stateReason, stateTransitionReason }: Pick<Ec2Instance, "stateReason" | "stateTransitionReason">,
): string | undefined {
  if (stateReason === undefined) return stateTransitionReason;
  const { code, message } = stateReason;
  return message.startsWith(code) ? message : [code, message].filter(Boolean).join(": ");
}

/** Which of an instance's addresses kas uses to reach it. */
export type AddressKind = "private" | "public" | "ipv6";

/**
 * Returns an address of an instance, or undefined if it has none of this kind. The private address of an instance in a subnet with IPv6 only
 * is its IPv6 address.
 */
export function addressOf(
  { privateIp, publicIp, ipv6 }: Pick<Ec2Instance, "privateIp" | "publicIp" | "ipv6">,
  kind: AddressKind,
): string | undefined {
  return { private: privateIp ?? ipv6, public: publicIp, ipv6 }[kind];
}

/** Returns the address of an instance that a machine outside the VPC reaches, or else one that only the VPC reaches. */
export function operatorsAddress(
  { publicDns, publicIp, privateIp, ipv6 }: Pick<
    Ec2Instance,
    "publicDns" | "publicIp" | "privateIp" | "ipv6"
  >,
): string | undefined {
  return publicDns ?? publicIp ?? privateIp ?? ipv6;
}

/** Whether detailed monitoring is on, or will be soon. Source: EC2 API, Monitoring, State. */
export function isDetailed(state: string | undefined): boolean {
  return state === "enabled" || state === "pending";
}

/** The tags that kas reads and writes. */
export const TAG = {
  fleet: "kas:fleet",
  createdBy: "kas:created-by",
  role: "kas:role",
  quarantine: "kas:quarantine",
  protected: "kas:protected",
  byOperator: "kas:by-operator",
  detached: "kas:detached",
  name: "Name",
} as const;

/**
 * Converts EC2's instance. `fleet` is the name of the fleet: a legacy instance may have the name `<fleet>_base` or
 * `<fleet>_ctl` instead of a role tag.
 */
export function instanceOf(found: DescribedInstance, fleet: string | undefined): Ec2Instance {
  const tags = tagsOf(found);
  const state = found.State?.Name ?? "pending";
  const changedAt = transitionTime(found.StateTransitionReason);
  const { Code: reasonCode = "", Message: reasonMessage = "" } = found.StateReason ?? {};
  const [addressOwner] = (found.NetworkInterfaces ?? []).flatMap(({ Association }) =>
    Association?.IpOwnerId ?? []
  );
  const quarantine = tags[TAG.quarantine];
  const autoScalingGroup = tags["aws:autoscaling:groupName"];
  return {
    id: found.InstanceId ?? "",
    name: tags[TAG.name] ?? "",
    role: roleOf(tags, [tags[TAG.fleet], found.KeyName, fleet]),
    state,
    type: found.InstanceType ?? "",
    zone: found.Placement?.AvailabilityZone ?? "",
    monitoring: isDetailed(found.Monitoring?.State) ? "detailed" : "basic",
    ...(found.PrivateIpAddress ? { privateIp: found.PrivateIpAddress } : {}),
    ...(found.PublicDnsName ? { publicDns: found.PublicDnsName } : {}),
    ...(found.PublicIpAddress ? { publicIp: found.PublicIpAddress } : {}),
    ...ipv6Of(found),
    ...(found.VpcId ? { vpc: found.VpcId } : {}),
    ...(found.SubnetId ? { subnet: found.SubnetId } : {}),
    ...vcpusOf(found),
    ...(found.InstanceLifecycle === "spot" ? { spot: true } : {}),
    ...(found.RootDeviceType === "instance-store" ? { instanceStore: true } : {}),
    ...(addressOwner === undefined ? {} : { elasticIp: addressOwner !== "amazon" }),
    ...(found.ImageId ? { image: found.ImageId } : {}),
    ...(found.SecurityGroups?.length
      ? { securityGroups: found.SecurityGroups.map(({ GroupId }) => GroupId ?? "") }
      : {}),
    ...(found.LaunchTime ? { launched: found.LaunchTime.getTime() } : {}),
    ...(reasonCode || reasonMessage ? { stateReason: { code: reasonCode, message: reasonMessage } } : {}),
    ...(found.StateTransitionReason ? { stateTransitionReason: found.StateTransitionReason } : {}),
    ...(changedAt === undefined ? {} : { stateTransitionAt: changedAt }),
    ...(changedAt === undefined || state !== "stopped" ? {} : { stoppedAt: changedAt }),
    ...(quarantine === undefined ? {} : quarantineOf(quarantine)),
    ...(autoScalingGroup === undefined ? {} : { autoScalingGroup }),
    ...(tags[TAG.protected] === undefined ? {} : { protected: true }),
    ...(tags[TAG.detached] === undefined ? {} : { detached: true }),
    ...byOperatorOf(tags[TAG.byOperator], found.LaunchTime),
  };
}

/**
 * Returns the role in the role tag. Without this tag, returns the role in the instance's name, such as `<fleet>_base`.
 * `fleets` are the possible names of the fleet.
 */
function roleOf(tags: Record<string, string>, fleets: readonly (string | undefined)[]): Role {
  const role = tags[TAG.role];
  if (role === "base" || role === "control" || role === "node") return role;
  const name = tags[TAG.name];
  const named = (suffix: string) =>
    fleets.some((fleet) => fleet !== undefined && name === `${fleet}_${suffix}`);
  return named("base") ? "base" : named("ctl") ? "control" : "node";
}

/** The tags of an instance by key. */
export function tagsOf({ Tags }: DescribedInstance): Record<string, string> {
  return Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
}

/** `until 2026-11-24T21:00:00Z: it failed` → the reason and the end. The tags of kas 0.1.0 and of people have no end. */
function quarantineOf(value: string): Pick<Ec2Instance, "quarantine" | "quarantineUntil"> {
  const [, end = "", reason = value] = /^until (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ): (.*)$/s.exec(value) ?? [];
  const quarantineUntil = Date.parse(end);
  return Number.isNaN(quarantineUntil) ? { quarantine: value } : { quarantine: reason, quarantineUntil };
}

/** Reads the tag `kas:by-operator`. A time before the instance's last start is out of date, and counts as absent. */
function byOperatorOf(
  value: string | undefined,
  launched: Date | undefined,
): Pick<Ec2Instance, "byOperator"> {
  const byOperator = Date.parse(value ?? "");
  return Number.isNaN(byOperator) || byOperator < (launched?.getTime() ?? 0) ? {} : { byOperator };
}

/**
 * Returns the time in a StateTransitionReason such as `User initiated (2026-11-23 21:00:00 GMT)`, in ms since the
 * epoch.
 */
function transitionTime(reason: string | undefined): number | undefined {
  const match = /\((\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (?:GMT|UTC)\)/.exec(reason ?? "");
  return match === null ? undefined : Date.parse(`${match[1]}T${match[2]}Z`);
}

/** Returns the IPv6 address of the instance, else the first one of its network interfaces. */
function ipv6Of({ Ipv6Address, NetworkInterfaces = [] }: DescribedInstance): Pick<Ec2Instance, "ipv6"> {
  const [first] = NetworkInterfaces.flatMap(({ Ipv6Addresses = [] }) => Ipv6Addresses);
  const ipv6 = Ipv6Address || first?.Ipv6Address;
  return ipv6 ? { ipv6 } : {};
}

/** Returns the number of vCPUs: a vCPU is a thread of a core. Source: EC2 API, CpuOptions. */
function vcpusOf({ CpuOptions }: DescribedInstance): Pick<Ec2Instance, "vcpus"> {
  const { CoreCount, ThreadsPerCore = 1 } = CpuOptions ?? {};
  return CoreCount === undefined ? {} : { vcpus: CoreCount * ThreadsPerCore };
}
