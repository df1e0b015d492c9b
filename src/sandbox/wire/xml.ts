/**
 * Query protocols outbound: output to XML. awsQuery keeps the API's names, lists are `<member>`s and maps `<entry>`s; ec2Query
 * has names of its own and `<item>`s.
 *
 * @module
 */
import type { Shape } from "./action.ts";

/** How a dialect names an element: by the name of the list or structure it is in, and its own. */
interface Dialect {
  readonly item: string;
  readonly element: (parent: string, name: string) => string;
}

const AWS_QUERY: Dialect = { item: "member", element: (_parent, name) => name };

/** Where EC2's XML names differ from the API's beyond the first letter. Source: botocore ec2/2016-11-15, locationName. */
const EC2_NAMES: Readonly<Record<string, string>> = {
  AvailabilityZones: "availabilityZoneInfo",
  Events: "eventsSet",
  Groups: "groupSet",
  InstanceMonitorings: "instancesSet",
  InstanceStatuses: "instanceStatusSet",
  Instances: "instancesSet",
  LaunchTemplateVersions: "launchTemplateVersionSet",
  PublicDnsName: "dnsName",
  PublicIpAddress: "ipAddress",
  Reservations: "reservationSet",
  SecurityGroupIds: "securityGroupIdSet",
  SecurityGroups: "groupSet",
  StartingInstances: "instancesSet",
  StateTransitionReason: "reason",
  StoppingInstances: "instancesSet",
  TagSpecifications: "tagSpecificationSet",
  Tags: "tagSet",
  TerminatingInstances: "instancesSet",
  UserIdGroupPairs: "groups",
  ".SecurityGroups": "securityGroupInfo",
  "AvailabilityZones.State": "zoneState",
  "Instances.State": "instanceState",
  "LaunchTemplateData.SecurityGroups": "securityGroupSet",
  "SecurityGroups.Description": "groupDescription",
};

const EC2_QUERY: Dialect = {
  item: "item",
  element: (parent, name) =>
    EC2_NAMES[`${parent}.${name}`] ?? EC2_NAMES[name] ?? name.charAt(0).toLowerCase() + name.slice(1),
};

/** Output names that hold a map (name → value) and not a structure; ELB v2 has a list of structures of the same name. */
const MAPS: ReadonlySet<string> = new Set(["Attributes"]);

/** An awsQuery answer's content. */
export function awsQueryXml(output: Shape): string {
  return structure("", output, AWS_QUERY);
}

/** An ec2Query answer's content. */
export function ec2QueryXml(output: Shape): string {
  return structure("", output, EC2_QUERY);
}

/** One element with its content, which is XML already. */
export function element(name: string, content: string): string {
  return content === "" ? `<${name}/>` : `<${name}>${content}</${name}>`;
}

/** Text as XML's; a carriage return would else come out as a newline. */
export function escape(text: string): string {
  return text.replaceAll(/[&<>"\r]/g, (character) => `&#${character.charCodeAt(0)};`)
    // Not even an escape may name the other control characters in XML 1.0.
    .replaceAll(/(?![\t\n\x7f-\x9f])\p{Cc}/gu, "\ufffd");
}

function structure(parent: string, shape: Shape, dialect: Dialect): string {
  return Object.entries(shape)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => element(dialect.element(parent, name), content(name, value, dialect)))
    .join("");
}

function content(name: string, value: unknown, dialect: Dialect, inList = false): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) {
    return value.map((item) => element(dialect.item, content(name, item, dialect, true))).join("");
  }
  if (typeof value !== "object" || value === null) return escape(String(value));
  if (inList || !MAPS.has(name)) return structure(name, value as Shape, dialect);
  return Object.entries(value)
    .map(([key, item]) =>
      element("entry", element("key", escape(key)) + element("value", escape(String(item))))
    )
    .join("");
}
