/**
 * Writes the output of an action as XML. The protocol awsQuery keeps the API's names and uses the elements `<member>` and
 * `<entry>`. The protocol ec2Query has its own names and uses the element `<item>`.
 *
 * @module
 */
import type { Shape } from "./action.ts";

/** How a wire protocol names XML elements. */
interface Naming {
  readonly item: string;
  readonly element: (parent: string, name: string) => string;
}

const AWS_QUERY: Naming = { item: "member", element: (_parent, name) => name };

/**
 * XML names of EC2 that differ from the API's names in more than the first letter. Source: botocore ec2/2016-11-15,
 * locationName.
 */
const EC2_NAMES: Readonly<Record<string, string>> = {
  Attachments: "attachmentSet",
  AvailabilityZones: "availabilityZoneInfo",
  Events: "eventsSet",
  Groups: "groupSet",
  InstanceCreditSpecifications: "instanceCreditSpecificationSet",
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
  Subnets: "subnetSet",
  SuccessfulInstanceCreditSpecifications: "successfulInstanceCreditSpecificationSet",
  TagSpecifications: "tagSpecificationSet",
  Tags: "tagSet",
  TerminatingInstances: "instancesSet",
  UnsuccessfulInstanceCreditSpecifications: "unsuccessfulInstanceCreditSpecificationSet",
  UserIdGroupPairs: "groups",
  Volumes: "volumeSet",
  Vpcs: "vpcSet",
  ".SecurityGroups": "securityGroupInfo",
  "Attachments.State": "status",
  "AvailabilityZones.State": "zoneState",
  "Instances.State": "instanceState",
  "LaunchTemplateData.SecurityGroups": "securityGroupSet",
  "SecurityGroups.Description": "groupDescription",
  "Volumes.State": "status",
};

const EC2_QUERY: Naming = {
  item: "item",
  element: (parent, name) =>
    EC2_NAMES[`${parent}.${name}`] ?? EC2_NAMES[name] ?? name.charAt(0).toLowerCase() + name.slice(1),
};

/** Names of outputs that are maps. ELB v2 uses the same name for a list of structures. */
const MAPS: ReadonlySet<string> = new Set(["Attributes"]);

/** Returns the XML content of an awsQuery response. */
export function awsQueryXml(output: Shape): string {
  return structure("", output, AWS_QUERY);
}

/** Returns the XML content of an ec2Query response. */
export function ec2QueryXml(output: Shape): string {
  return structure("", output, EC2_QUERY);
}

/** Returns one XML element. The content must already be XML. */
export function element(name: string, content: string): string {
  return content === "" ? `<${name}/>` : `<${name}>${content}</${name}>`;
}

/** Escapes text for XML, including carriage returns, which a parser would read as newlines. */
export function escape(text: string): string {
  return text.replaceAll(/[&<>"\r]/g, (character) => `&#${character.charCodeAt(0)};`)
    // XML 1.0 does not allow other control characters, not even as character references.
    .replaceAll(/(?![\t\n\x7f-\x9f])\p{Cc}/gu, "\ufffd");
}

function structure(parent: string, shape: Shape, naming: Naming): string {
  return Object.entries(shape)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => element(naming.element(parent, name), content(name, value, naming)))
    .join("");
}

function content(name: string, value: unknown, naming: Naming, inList = false): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) {
    return value.map((item) => element(naming.item, content(name, item, naming, true))).join("");
  }
  if (typeof value !== "object" || value === null) return escape(String(value));
  if (inList || !MAPS.has(name)) return structure(name, value as Shape, naming);
  return Object.entries(value)
    .map(([key, item]) =>
      element("entry", element("key", escape(key)) + element("value", escape(String(item))))
    )
    .join("");
}
