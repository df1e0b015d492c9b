/**
 * What EC2's requests have in common: which instances they name, and what is wrong with them.
 *
 * @module
 */
import { texts } from "../wire/input.ts";
import { AwsError, type Shape } from "../wire/action.ts";
import type { Instance } from "../account/instance.ts";
import type { Snapshot } from "../account/snapshot.ts";

/** The instances that the input names, or all. */
export function requestedOrAllInstances(snapshot: Snapshot, input: Shape): Instance[] {
  return texts(input, "InstanceIds").length > 0
    ? requestedInstances(snapshot, input)
    : [...snapshot.instances.values()];
}

/** The instances that the input must name. */
export function requestedInstances(snapshot: Snapshot, input: Shape): Instance[] {
  const ids = [...new Set(texts(input, "InstanceIds"))];
  return ids.length === 0 ? missingParameter("InstanceId") : findInstances(snapshot, ids);
}

/** The resources that the input must name; only instances are here. */
export function requestedResources(snapshot: Snapshot, input: Shape): Instance[] {
  const ids = [...new Set(texts(input, "Resources"))];
  const odd = ids.find((id) => !id.startsWith("i-"));
  if (odd !== undefined) throw new AwsError("InvalidID", `The ID '${odd}' is not valid`);
  return ids.length === 0 ? missingParameter("ResourceId") : findInstances(snapshot, ids);
}

function findInstances({ instances }: Snapshot, ids: readonly string[]): Instance[] {
  const malformed = ids.find((id) => !/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id));
  if (malformed !== undefined) {
    throw new AwsError("InvalidInstanceID.Malformed", `Invalid id: "${malformed}"`);
  }
  const absent = ids.filter((id) => !instances.has(id));
  if (absent.length > 0) {
    const subject = absent.length === 1 ? `ID '${absent[0]}' does` : `IDs '${absent.join(", ")}' do`;
    throw new AwsError("InvalidInstanceID.NotFound", `The instance ${subject} not exist`);
  }
  return ids.flatMap((id) => instances.get(id) ?? []);
}

/** The error of a request that lacks a parameter. */
export function missingParameter(parameter: string): never {
  throw new AwsError("MissingParameter", `The request must contain the parameter ${parameter}`);
}

/** What a DryRun is told that would have succeeded. */
export function dryRunSucceeded(): AwsError {
  return new AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
}
