/**
 * Formats instances for EC2 API responses.
 *
 * @module
 */
import { vpcOf } from "./zones.ts";
import { ACCOUNT_ID, type Shape } from "../wire/action.ts";
import type { Instance, StateName } from "../account/instance.ts";

/** Codes of the instance states. Source: EC2 API, InstanceState.Code. */
export const STATE_CODES: Readonly<Record<StateName, number>> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** Formats an instance state for an API response. */
export function stateShape(state: StateName): Shape {
  return { Code: STATE_CODES[state], Name: state };
}

/** Formats instances for DescribeInstances and RunInstances, grouped by reservation. */
export function reservationShapes(instances: readonly Instance[]): Shape[] {
  const reservations = Map.groupBy(instances, ({ reservation }) => reservation);
  return Array.from(reservations, ([ReservationId, members]) => ({
    ReservationId,
    OwnerId: ACCOUNT_ID,
    Groups: [],
    Instances: members.map(instanceShape),
  }));
}

function instanceShape(instance: Instance): Shape {
  const { state, stateReason } = instance;
  const terminated = state === "terminated";
  return {
    InstanceId: instance.id,
    ImageId: instance.image,
    State: stateShape(state),
    PrivateDnsName: terminated ? "" : instance.address,
    PublicDnsName: state === "running" ? instance.address : "",
    StateTransitionReason: instance.transitionReason,
    KeyName: instance.keyName,
    AmiLaunchIndex: instance.launchIndex,
    InstanceType: instance.type,
    LaunchTime: new Date(instance.launchedAt),
    Placement: { AvailabilityZone: instance.zone, Tenancy: "default" },
    Monitoring: { State: instance.detailedMonitoring ? "enabled" : "disabled" },
    SubnetId: terminated ? undefined : instance.subnet,
    VpcId: terminated ? undefined : vpcOf(instance.subnet),
    PrivateIpAddress: terminated ? undefined : instance.address,
    PublicIpAddress: state === "running" ? instance.address : undefined,
    CpuOptions: { CoreCount: instance.vcpus ?? 1, ThreadsPerCore: 1 },
    Architecture: "x86_64",
    RootDeviceType: instance.rootDevice,
    InstanceLifecycle: instance.spotRequest === undefined ? undefined : "spot",
    SecurityGroups: instance.securityGroups.map((GroupId) => ({ GroupId, GroupName: GroupId })),
    StateReason: stateReason && { Code: stateReason.code, Message: stateReason.message },
    ClientToken: instance.clientToken,
    Tags: Object.entries(instance.tags).map(([Key, Value]) => ({ Key, Value })),
  };
}

/** Returns an instance's values for the name of a filter, or undefined if no such filter exists. */
export function instanceFilterValues(
  instance: Instance,
  filter: string,
): readonly (string | undefined)[] | undefined {
  if (filter.startsWith("tag:")) return [instance.tags[filter.slice(4)]];
  switch (filter) {
    case "tag-key":
      return Object.keys(instance.tags);
    case "instance-id":
      return [instance.id];
    case "instance-state-name":
      return [instance.state];
    case "instance-state-code":
      return [String(STATE_CODES[instance.state])];
    case "key-name":
      return [instance.keyName];
    case "availability-zone":
      return [instance.zone];
    case "instance-type":
      return [instance.type];
    case "image-id":
      return [instance.image];
    case "subnet-id":
      return [instance.subnet];
    case "vpc-id":
      return [vpcOf(instance.subnet)];
    case "private-ip-address":
      return [instance.address];
    case "ip-address":
    case "dns-name":
      return [instance.state === "running" ? instance.address : undefined];
    case "reservation-id":
      return [instance.reservation];
    case "client-token":
      return [instance.clientToken];
    case "instance-lifecycle":
      return instance.spotRequest === undefined ? [] : ["spot"];
    default:
      return undefined;
  }
}

/** The root volume of each instance, in GiB. */
const VOLUME_SIZE = 8;

/** Returns whether an instance has a root volume. */
export function hasVolume({ state, rootDevice }: Instance): boolean {
  return state !== "terminated" && rootDevice === "ebs";
}

/** Returns the id of an instance's root volume. */
export function volumeOf({ id }: Instance): string {
  return id.replace(/^i-/, "vol-");
}

/** Formats the root volume of an instance for an API response. */
export function volumeShape(instance: Instance): Shape {
  const VolumeId = volumeOf(instance);
  return {
    VolumeId,
    Size: VOLUME_SIZE,
    VolumeType: "gp3",
    Iops: 3_000,
    Throughput: 125,
    State: "in-use",
    Encrypted: false,
    AvailabilityZone: instance.zone,
    Attachments: [{
      VolumeId,
      InstanceId: instance.id,
      Device: "/dev/xvda",
      State: "attached",
      DeleteOnTermination: true,
    }],
  };
}

/** Returns a volume's values for the name of a filter, or undefined if no such filter exists. */
export function volumeFilterValues(
  instance: Instance,
  filter: string,
): readonly (string | undefined)[] | undefined {
  switch (filter) {
    case "attachment.instance-id":
      return [instance.id];
    case "availability-zone":
      return [instance.zone];
    case "size":
      return [String(VOLUME_SIZE)];
    case "status":
      return ["in-use"];
    case "volume-id":
      return [volumeOf(instance)];
    case "volume-type":
      return ["gp3"];
    default:
      return undefined;
  }
}
