/**
 * EC2's client with its commands.
 *
 * @module
 */
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { Aws } from "../clients.ts";

/** Loads EC2's client and commands. */
export function ec2(aws: Aws): Promise<[EC2Client, typeof import("../sdk/ec2.ts")]> {
  return Promise.all([aws.ec2(), import("../sdk/ec2.ts")]);
}
