/**
 * Reads EC2 instances: the instances of a fleet, an instance by its id, and tags.
 *
 * @module
 */
import type { Instance, InstanceState, Registration } from "../../scaling/model/instance.ts";
import type { Aws } from "../clients.ts";
import { gathered, perAccount, shared } from "../many/gather.ts";
import type { DescribedInstance } from "../sdk/instance_page.ts";
import { describeInstances } from "./describe_instances.ts";
import { type Ec2Instance, instanceOf, TAG, tagsOf } from "./ec2_instance.ts";

export type { Ec2Instance };

/** Maximum number of values in one filter. Source: EC2 user guide, "Filter your resources". */
const MAX_VALUES = 200;

/** The states of instances that are not terminated. */
const STATES: InstanceState[] = ["pending", "running", "stopping", "stopped", "shutting-down"];

/**
 * Selects a fleet's instances by the fleet's tag. For a legacy fleet, `keyName` selects them by their key pair instead.
 */
export interface FleetSelector {
  readonly fleet: string;
  readonly keyName?: string | undefined;
}

/** Adds to each instance its registration, and removes the fields that no scaling rule uses. */
export function withRegistration(
  instances: readonly Ec2Instance[],
  registrations: ReadonlyMap<string, Registration>,
): Instance[] {
  return instances.map(({
    monitoring: _monitoring,
    publicIp: _ip,
    image: _image,
    vpc: _vpc,
    subnet: _subnet,
    vcpus: _vcpus,
    spot: _spot,
    instanceStore: _instanceStore,
    elasticIp: _elasticIp,
    securityGroups: _groups,
    stateReason: _reason,
    stateTransitionReason: _transitionReason,
    stateTransitionAt: _transitionAt,
    ...instance
  }) => ({
    ...instance,
    registration: registrations.get(instance.id) ?? "none",
  }));
}

/** Lists the fleet's instances that are not terminated. */
export async function* fleetInstances(
  aws: Aws,
  { fleet, keyName }: FleetSelector,
  signal?: AbortSignal,
): AsyncGenerator<Ec2Instance, void> {
  const request = {
    Filters: [
      keyName === undefined
        ? { Name: `tag:${TAG.fleet}`, Values: [fleet] }
        : { Name: "key-name", Values: [keyName] },
      { Name: "instance-state-name", Values: STATES },
    ],
  };
  for await (const found of describeInstances(aws, request, signal)) {
    // An instance with the tag of another fleet belongs to that fleet, also if it has the key pair of this one.
    const owner = tagsOf(found)[TAG.fleet];
    if (owner === undefined || owner === fleet) yield instanceOf(found, fleet);
  }
}

/** The largest number of names that {@linkcode fleetNames} collects. */
const MAX_NAMES = 100;

/** Returns the names of the fleets that have instances, sorted. A fleet that is selected by its key pair has no name here. */
export async function fleetNames(aws: Aws, signal?: AbortSignal): Promise<readonly string[]> {
  const names = new Set<string>();
  const request = {
    Filters: [{ Name: "tag-key", Values: [TAG.fleet] }, { Name: "instance-state-name", Values: STATES }],
  };
  for await (const found of describeInstances(aws, request, signal)) {
    const name = tagsOf(found)[TAG.fleet];
    if (name) names.add(name);
    if (names.size >= MAX_NAMES) break;
  }
  return [...names].sort();
}

/** Lists the fleet's instances that are not terminated. Concurrent listings of a fleet share their calls. */
export function sharedFleet(
  aws: Aws,
  { fleet, keyName }: FleetSelector,
  signal?: AbortSignal,
): Promise<readonly Ec2Instance[]> {
  return fleets(aws, { fleet, keyName })(signal);
}

const fleets = perAccount((aws, selector: FleetSelector) =>
  shared((signal) => Array.fromAsync(fleetInstances(aws, selector, signal)))
);

/**
 * Finds an instance by its id. kas derives a legacy instance's role from `fleet` and the instance's name. Concurrent searches
 * share a call.
 */
export async function findInstance(
  aws: Aws,
  id: string,
  signal?: AbortSignal,
  fleet?: string,
): Promise<Ec2Instance | undefined> {
  const found = await descriptions(aws)(id, signal);
  return found && instanceOf(found, fleet);
}

const descriptions = perAccount((aws) =>
  gathered(async (ids, signal) => {
    const found = new Map<string, DescribedInstance | undefined>(ids.map((id) => [id, undefined]));
    for await (const each of describeById(aws, ids, signal)) found.set(each.InstanceId ?? "", each);
    return found;
  }, { size: MAX_VALUES })
);

/** Finds instances by their ids. Leaves out instances that do not exist. */
export async function* findInstances(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<Ec2Instance, void> {
  for await (const found of describeById(aws, ids, signal)) yield instanceOf(found, undefined);
}

/** Returns the tags of instances by instance id, without instances that do not exist. */
export async function instanceTags(
  aws: Aws,
  ids: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  const tags = new Map<string, Record<string, string>>();
  for await (const found of describeById(aws, ids)) tags.set(found.InstanceId ?? "", tagsOf(found));
  return tags;
}

/** Describes instances with a filter, because EC2 rejects a call with an unknown id in InstanceIds. */
async function* describeById(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<DescribedInstance, void> {
  for (let i = 0; i < ids.length; i += MAX_VALUES) {
    const Filters = [{ Name: "instance-id", Values: ids.slice(i, i + MAX_VALUES) }];
    yield* describeInstances(aws, { Filters }, signal);
  }
}
