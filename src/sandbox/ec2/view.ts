/**
 * EC2's view of the world: instances in the API's shapes, chosen by filters, cut into pages.
 *
 * @module
 */
import { number, shapes, text, texts } from "../wire/input.ts";
import { type Page, page } from "../wire/paging.ts";
import { ACCOUNT, AwsError, type Shape } from "../wire/service.ts";
import type { Instance, StateName } from "../world.ts";

/** Source: EC2 API, InstanceState.Code. */
const STATE_CODES: Readonly<Record<StateName, number>> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** Bounds of MaxResults. */
const LEAST_PAGE = 5;
const MOST_PAGE = 1_000;

/** The account's one network. */
export const VPC = "vpc-00000000000000001";

/** A state in the API's shape. */
export function stateShape(state: StateName): Shape {
  return { Code: STATE_CODES[state], Name: state };
}

/** Instances as DescribeInstances and RunInstances list them: by the reservation that each was launched in. */
export function reservationShapes(instances: readonly Instance[]): Shape[] {
  const reservations = Map.groupBy(instances, ({ reservation }) => reservation);
  return Array.from(reservations, ([ReservationId, members]) => ({
    ReservationId,
    OwnerId: ACCOUNT,
    Groups: [],
    Instances: members.map(instanceShape),
  }));
}

function instanceShape(instance: Instance): Shape {
  const { state, stateReason } = instance;
  const gone = state === "terminated";
  return {
    InstanceId: instance.id,
    ImageId: instance.image,
    State: stateShape(state),
    PrivateDnsName: gone ? "" : instance.address,
    PublicDnsName: state === "running" ? instance.address : "",
    StateTransitionReason: instance.transitionReason,
    KeyName: instance.keyName,
    AmiLaunchIndex: instance.launchIndex,
    InstanceType: instance.type,
    LaunchTime: new Date(instance.launched),
    Placement: { AvailabilityZone: instance.zone, Tenancy: "default" },
    Monitoring: { State: instance.monitored ? "enabled" : "disabled" },
    SubnetId: gone ? undefined : instance.subnet,
    VpcId: gone ? undefined : VPC,
    PrivateIpAddress: gone ? undefined : instance.address,
    PublicIpAddress: state === "running" ? instance.address : undefined,
    Architecture: "x86_64",
    RootDeviceType: "ebs",
    SecurityGroups: instance.securityGroups.map((GroupId) => ({ GroupId, GroupName: GroupId })),
    StateReason: stateReason && { Code: stateReason.code, Message: stateReason.message },
    ClientToken: instance.clientToken,
    Tags: Object.entries(instance.tags).map(([Key, Value]) => ({ Key, Value })),
  };
}

/** An instance as DescribeInstanceStatus lists it. */
export function statusShape({ id, zone, state }: Instance): Shape {
  const status = state === "running"
    ? { Status: "ok", Details: [{ Name: "reachability", Status: "passed" }] }
    : { Status: "not-applicable", Details: [] };
  return {
    InstanceId: id,
    AvailabilityZone: zone,
    InstanceState: stateShape(state),
    InstanceStatus: status,
    SystemStatus: status,
    Events: [],
  };
}

/** What an instance has by the name of a filter; undefined where there is no such filter. */
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
      return [VPC];
    case "private-ip-address":
      return [instance.address];
    case "ip-address":
    case "dns-name":
      return [instance.state === "running" ? instance.address : undefined];
    case "reservation-id":
      return [instance.reservation];
    case "client-token":
      return [instance.clientToken];
    // Neither Spot nor Scheduled Instances exist here.
    case "instance-lifecycle":
      return [];
    default:
      return undefined;
  }
}

/**
 * The items that every filter of the input matches by any of its values; `*` and `?` are wildcards, `\` takes their meaning away.
 * Throws AwsError InvalidParameterValue for a filter that is not known. Source: EC2 user guide, Using_Filtering.
 */
export function filtered<T>(
  items: readonly T[],
  input: Shape,
  values: (item: T, filter: string) => readonly (string | undefined)[] | undefined,
): T[] {
  const filters = shapes(input, "Filters").map((filter) => ({
    name: text(filter, "Name") ?? "",
    patterns: texts(filter, "Values").map(wildcards),
  }));
  return items.filter((item) =>
    filters.every(({ name, patterns }) => {
      const found = values(item, name);
      if (found === undefined) throw new AwsError("InvalidParameterValue", `The filter '${name}' is invalid`);
      return found.some((value) => value !== undefined && patterns.some((pattern) => pattern.test(value)));
    })
  );
}

function wildcards(pattern: string): RegExp {
  const source = pattern.replaceAll(
    /\\([*?\\])|([*?])|([^\w\s])/g,
    (_, escaped?: string, wild?: string, other?: string) => {
      if (wild !== undefined) return wild === "*" ? "[^]*" : "[^]";
      return `\\${escaped ?? other}`;
    },
  );
  return new RegExp(`^${source}$`);
}

/**
 * One page of the items, in order of their keys; without MaxResults everything is one page.
 * Throws AwsError InvalidParameterValue and InvalidNextToken.
 */
export function paged<T>(items: readonly T[], keyOf: (item: T) => string, input: Shape): Page<T> {
  const size = number(input, "MaxResults") ?? Infinity;
  if (size < LEAST_PAGE || (size > MOST_PAGE && size !== Infinity)) {
    const message =
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value from ${LEAST_PAGE} to ${MOST_PAGE}`;
    throw new AwsError("InvalidParameterValue", message);
  }
  return page(items, keyOf, size, text(input, "NextToken"), () => {
    return new AwsError("InvalidNextToken", "The specified NextToken is invalid");
  });
}
