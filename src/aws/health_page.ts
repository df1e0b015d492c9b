/**
 * An answer of DescribeInstanceHealth, which tells of all instances at once (answers.ts): the SDK takes 25 ms for 1,000.
 *
 * @module
 */
import type { InstanceState } from "@aws-sdk/client-elastic-load-balancing";
import { UnreachableError } from "./errors.ts";
import { Xml, XmlError } from "./xml.ts";
import { type Names, readItems } from "./xml_shapes.ts";

/** Source: ELB API, InstanceState. */
const TEXTS: Names = {
  InstanceId: "InstanceId",
  State: "State",
  ReasonCode: "ReasonCode",
  Description: "Description",
};

/**
 * Reads an answer.
 *
 * @throws {UnreachableError} unless it is a whole one: part of the instances is not told for all of them
 */
export function readHealthPage(text: string): InstanceState[] {
  try {
    const xml = new Xml(text);
    const root = xml.child();
    if (root !== "DescribeInstanceHealthResponse") throw new XmlError(`it is <${root}>`);
    let states: InstanceState[] | undefined;
    xml.children((result) => {
      if (result !== "DescribeInstanceHealthResult") return;
      xml.children((name) => {
        if (name === "InstanceStates") states = readItems(xml, TEXTS);
      });
    });
    // An empty list is there too: without one it is no answer to go by.
    if (states === undefined) throw new XmlError("it holds no list of instances");
    return states;
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new UnreachableError(`ELB's answer can't be read: ${error.message}`, { cause: error });
  }
}
