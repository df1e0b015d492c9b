/**
 * An answer of DescribeInstanceHealth, which tells of all instances at once (answers.ts): the SDK takes 25 ms for 1,000.
 *
 * @module
 */
import type { InstanceState } from "@aws-sdk/client-elastic-load-balancing";
import { type Names, readAnswer, readItems } from "../answers/xml_shapes.ts";

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
  return readAnswer("ELB", text, "DescribeInstanceHealthResponse", (xml) => {
    let states: InstanceState[] | undefined;
    xml.children((result) => {
      if (result !== "DescribeInstanceHealthResult") return;
      xml.children((name) => {
        if (name === "InstanceStates") states = readItems(xml, TEXTS);
      });
    });
    return states;
  });
}
