/**
 * Helpers for EC2 requests: the instances that a request names, and common errors.
 *
 * @module
 */
import { texts } from "../wire/input.ts";
import { AwsError, type Shape } from "../wire/action.ts";
import type { Instance } from "../account/instance.ts";
import type { Snapshot } from "../account/snapshot.ts";

/** Returns the instances that a request names, or all instances if the request names none. Throws AwsError. */
export function requestedOrAllInstances(snapshot: Snapshot, input: Shape): Instance[] {
  return texts(input, "InstanceIds").length > 0
    ? requestedInstances(snapshot, input)
    : [...snapshot.instances.values()];
}

/** Returns the instances that a request names. Throws AwsError for an unknown instance, and if the request names none. */
export function requestedInstances(snapshot: Snapshot, input: Shape): Instance[] {
  const ids = [...new Set(texts(input, "InstanceIds"))];
  return ids.length === 0 ? missingParameter("InstanceId") : findInstances(snapshot, ids);
}

/** A resource with tags that a request names. */
export interface Resource {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Returns the resources that a request names. In the sandbox, they can be instances and security groups. Throws AwsError. */
export function requestedResources(snapshot: Snapshot, input: Shape): readonly Resource[] {
  const ids = [...new Set(texts(input, "Resources"))];
  if (ids.length === 0) missingParameter("ResourceId");
  const unsupported = ids.find((id) => !/^(i|sg)-/.test(id));
  if (unsupported !== undefined) throw new AwsError("InvalidID", `The ID '${unsupported}' is not valid`);
  const groups = ids.filter((id) => id.startsWith("sg-")).map((id) => {
    const group = snapshot.securityGroups.get(id);
    if (group === undefined) {
      throw new AwsError("InvalidGroup.NotFound", `The security group '${id}' does not exist`);
    }
    return group;
  });
  return [...findInstances(snapshot, ids.filter((id) => id.startsWith("i-"))), ...groups];
}

function findInstances({ instances }: Snapshot, ids: readonly string[]): Instance[] {
  const malformed = ids.find((id) => !/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id));
  if (malformed !== undefined) {
    throw new AwsError("InvalidInstanceID.Malformed", `Invalid id: "${malformed}"`);
  }
  const unknown = ids.filter((id) => !instances.has(id));
  if (unknown.length > 0) {
    const subject = unknown.length === 1 ? `ID '${unknown[0]}' does` : `IDs '${unknown.join(", ")}' do`;
    throw new AwsError("InvalidInstanceID.NotFound", `The instance ${subject} not exist`);
  }
  return ids.flatMap((id) => instances.get(id) ?? []);
}

/** Throws EC2's error for a request without a required parameter. */
export function missingParameter(parameter: string): never {
  throw new AwsError("MissingParameter", `The request must contain the parameter ${parameter}`);
}

/** Returns the error with which EC2 answers a DryRun request that has the required permissions. */
export function dryRunSucceeded(): AwsError {
  return new AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
}
