/**
 * CloudWatch's client with its commands.
 *
 * @module
 */
import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { Aws } from "../clients.ts";

/** Loads CloudWatch's client and commands. */
export function cloudWatch(aws: Aws): Promise<[CloudWatchClient, typeof import("../sdk/cloudwatch.ts")]> {
  return Promise.all([aws.cloudWatch(), import("../sdk/cloudwatch.ts")]);
}
