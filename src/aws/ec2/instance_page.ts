/**
 * A page of DescribeInstances, read no further than kas looks (answers.ts): the SDK takes 0.1 ms for each instance.
 *
 * @module
 */
import type { Instance as SdkInstance } from "@aws-sdk/client-ec2";
import { type Xml, XmlError } from "../answers/xml.ts";
import { type Names, readAnswer, readItems, readText, readTexts } from "../answers/xml_shapes.ts";

/** An instance in the SDK's shape, as much of it as is read. */
export type PageInstance = Pick<
  SdkInstance,
  | "ImageId"
  | "InstanceId"
  | "InstanceType"
  | "KeyName"
  | "LaunchTime"
  | "Placement"
  | "PrivateIpAddress"
  | "PublicDnsName"
  | "PublicIpAddress"
  | "SecurityGroups"
  | "State"
  | "StateReason"
  | "StateTransitionReason"
  | "Tags"
>;

/** A page. */
export interface InstancePage {
  readonly instances: readonly PageInstance[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: string;
}

/**
 * Reads a page.
 *
 * @throws {UnreachableError} unless it is a whole one: part of a fleet is not told for all of it
 */
export function readPage(text: string): InstancePage {
  return readAnswer("EC2", text, "DescribeInstancesResponse", (xml) => {
    const lists: PageInstance[][] = [];
    let next = "";
    xml.children((name) => {
      if (name === "nextToken") next = xml.text();
      if (name === "reservationSet") lists.push(readReservations(xml));
    });
    return lists.length === 0 ? undefined : { instances: lists.flat(), ...(next === "" ? {} : { next }) };
  });
}

function readReservations(xml: Xml): PageInstance[] {
  const instances: PageInstance[] = [];
  xml.children(() =>
    xml.children((name) => {
      if (name === "instancesSet") xml.children(() => instances.push(readInstance(xml)));
    })
  );
  return instances;
}

/** What is text, by its element's name. Source: EC2 API, Instance. */
const TEXTS: Names = {
  instanceId: "InstanceId",
  imageId: "ImageId",
  reason: "StateTransitionReason",
  keyName: "KeyName",
  instanceType: "InstanceType",
  privateIpAddress: "PrivateIpAddress",
  ipAddress: "PublicIpAddress",
  dnsName: "PublicDnsName",
};

function readInstance(xml: Xml): PageInstance {
  const found: PageInstance = {};
  xml.children((name) => {
    switch (name) {
      case "instanceState":
        found.State = readTexts(xml, { name: "Name" });
        break;
      case "stateReason":
        found.StateReason = readTexts(xml, { message: "Message" });
        break;
      case "placement":
        found.Placement = readTexts(xml, { availabilityZone: "AvailabilityZone" });
        break;
      case "launchTime":
        found.LaunchTime = readTime(xml.text());
        break;
      case "tagSet":
        found.Tags = readItems(xml, { key: "Key", value: "Value" });
        break;
      case "groupSet":
        found.SecurityGroups = readItems(xml, { groupId: "GroupId" });
        break;
      default:
        readText(xml, name, TEXTS, found);
    }
  });
  return found;
}

function readTime(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new XmlError(`"${text}" is no time`);
  return time;
}
