/**
 * The tags of the AWS resources that `kas admin setup` creates. `kas admin teardown` deletes only resources with these tags.
 *
 * @module
 */
import { TAG } from "../ec2/ec2_instance.ts";

/** A tag in the form of the AWS APIs. */
export interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

const CREATED_BY = "setup";

/** Returns the tags of a resource that setup creates for a fleet. */
export function setupTags(fleet: string): { Key: string; Value: string }[] {
  return [{ Key: TAG.createdBy, Value: CREATED_BY }, { Key: TAG.fleet, Value: fleet }];
}

/** Returns whether the tags say that setup created the resource for this fleet. */
export function isOfSetup(tags: readonly Tag[] | undefined, fleet: string): boolean {
  return valueIn(tags, TAG.createdBy) === CREATED_BY && fleetOf(tags) === fleet;
}

/** Returns the fleet that the tags name, whoever created the resource. */
export function fleetOf(tags: readonly Tag[] | undefined): string | undefined {
  return valueIn(tags, TAG.fleet);
}

function valueIn(tags: readonly Tag[] | undefined, key: string): string | undefined {
  return tags?.find(({ Key }) => Key === key)?.Value;
}
