/**
 * Reads a page of DescribeInstances from EC2's XML, with the SDK's XML parser. kas imports this module when it first
 * calls DescribeInstances.
 *
 * @module
 */
import type { Instance as SdkInstance } from "@aws-sdk/client-ec2";
import { parseXML } from "@aws-sdk/xml-builder";
import { UnreachableError } from "../errors.ts";

/** The fields of an instance that kas reads, with the SDK's names. */
export type DescribedInstance = Pick<
  SdkInstance,
  | "CpuOptions"
  | "ImageId"
  | "InstanceLifecycle"
  | "InstanceId"
  | "InstanceType"
  | "Ipv6Address"
  | "KeyName"
  | "LaunchTime"
  | "Monitoring"
  | "NetworkInterfaces"
  | "Placement"
  | "PrivateIpAddress"
  | "PublicDnsName"
  | "PublicIpAddress"
  | "RootDeviceType"
  | "SecurityGroups"
  | "State"
  | "StateReason"
  | "StateTransitionReason"
  | "SubnetId"
  | "Tags"
  | "VpcId"
>;

/** A page of the listing. */
export interface InstancePage {
  readonly instances: readonly DescribedInstance[];
  /** The token of the next page. Absent or empty on the last page. */
  readonly token: string | undefined;
}

/**
 * An XML element as the SDK's parser returns it: the element's text, or its children by name. Children with the same
 * name are in an array.
 */
type Element = string | { readonly [name: string]: Element | readonly Element[] };

/**
 * Reads the XML of a page.
 *
 * @throws {UnreachableError} if the page is incomplete or is not an answer to DescribeInstances
 */
export function readInstancePage(body: string): InstancePage {
  let document: Element;
  try {
    document = parseXML(body) as Element;
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const answer = child(document, "DescribeInstancesResponse");
  const reservations = child(answer, "reservationSet");
  if (reservations === undefined) throw unreadable("it has no list of instances");
  return {
    instances: children(reservations, "item")
      .flatMap((reservation) => children(child(reservation, "instancesSet"), "item"))
      .map(readInstance),
    token: text(answer, "nextToken"),
  };
}

/** Reads one instance. Source: EC2 API, Instance. */
function readInstance(found: Element): DescribedInstance {
  return {
    InstanceId: text(found, "instanceId"),
    CpuOptions: {
      CoreCount: number(text(child(found, "cpuOptions"), "coreCount")),
      ThreadsPerCore: number(text(child(found, "cpuOptions"), "threadsPerCore")),
    },
    ImageId: text(found, "imageId"),
    InstanceLifecycle: text(found, "instanceLifecycle") as SdkInstance["InstanceLifecycle"],
    InstanceType: text(found, "instanceType") as SdkInstance["InstanceType"],
    Ipv6Address: text(found, "ipv6Address"),
    KeyName: text(found, "keyName"),
    LaunchTime: time(text(found, "launchTime")),
    Monitoring: {
      State: text(child(found, "monitoring"), "state") as NonNullable<SdkInstance["Monitoring"]>["State"],
    },
    NetworkInterfaces: children(child(found, "networkInterfaceSet"), "item").map((network) => ({
      Association: { IpOwnerId: text(child(network, "association"), "ipOwnerId") },
      Ipv6Addresses: children(child(network, "ipv6AddressesSet"), "item").map((address) => ({
        Ipv6Address: text(address, "ipv6Address"),
      })),
    })),
    Placement: { AvailabilityZone: text(child(found, "placement"), "availabilityZone") },
    PrivateIpAddress: text(found, "privateIpAddress"),
    PublicDnsName: text(found, "dnsName"),
    PublicIpAddress: text(found, "ipAddress"),
    RootDeviceType: text(found, "rootDeviceType") as SdkInstance["RootDeviceType"],
    SecurityGroups: children(child(found, "groupSet"), "item").map((group) => ({
      GroupId: text(group, "groupId"),
    })),
    State: { Name: text(child(found, "instanceState"), "name") as NonNullable<SdkInstance["State"]>["Name"] },
    StateReason: {
      Code: text(child(found, "stateReason"), "code"),
      Message: text(child(found, "stateReason"), "message"),
    },
    StateTransitionReason: text(found, "reason"),
    Tags: children(child(found, "tagSet"), "item").map((tag) => ({
      Key: text(tag, "key"),
      Value: text(tag, "value"),
    })),
    SubnetId: text(found, "subnetId"),
    VpcId: text(found, "vpcId"),
  };
}

function child(parent: Element | undefined, name: string): Element | undefined {
  return children(parent, name)[0];
}

function children(parent: Element | undefined, name: string): readonly Element[] {
  if (typeof parent !== "object" || !Object.hasOwn(parent, name)) return [];
  return [parent[name] ?? []].flat();
}

function text(parent: Element | undefined, name: string): string | undefined {
  const found = child(parent, name);
  return typeof found === "string" ? found : undefined;
}

function number(value: string | undefined): number | undefined {
  const parsed = Number(value);
  return value === undefined || Number.isNaN(parsed) ? undefined : parsed;
}

function time(value: string | undefined): Date | undefined {
  if (value === undefined) return undefined;
  const parsed = new Date(value);
  if (Number.isNaN(parsed.getTime())) throw unreadable(`"${value}" is not a time`);
  return parsed;
}

/** The error for an answer that {@linkcode readInstancePage} cannot read. */
export function unreadable(why: string, cause?: unknown): UnreachableError {
  return new UnreachableError(`cannot read EC2's answer to DescribeInstances: ${why}`, { cause });
}
