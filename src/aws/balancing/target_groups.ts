/**
 * Several target groups that act as one: an instance is registered with all of them, and is in service if it is healthy in all of
 * them.
 *
 * @module
 */
import type { Aws } from "../clients.ts";
import { awaitAll } from "../many/await_all.ts";
import type { Precondition } from "../middleware.ts";
import type { Balancer, Health } from "./health.ts";
import * as targetGroup from "./target_group.ts";

/** Names the target groups of an Application or Network Load Balancer with which kas registers a fleet's instances. */
export interface TargetGroupsRef {
  readonly kind: "target-groups";
  /** The names of the target groups, for messages. */
  readonly name: string;
  /** The ARNs of the target groups, at least one. An instance is in service if it is healthy in all of them. */
  readonly arns: readonly [string, ...string[]];
}

/**
 * Finds the target groups. The result describes the first one, with the instances that all groups have, and the ports and checks of all
 * groups. Undefined if one is missing.
 */
export async function findTargetGroups(
  aws: Aws,
  { arns }: TargetGroupsRef,
  signal?: AbortSignal,
): Promise<Balancer | undefined> {
  const found = await awaitAll(arns.map((arn) => targetGroup.findTargetGroup(aws, arn, signal)));
  const groups = found.filter((group) => group !== undefined);
  const [first] = groups;
  if (first === undefined || groups.length < found.length) return undefined;
  const sets = groups.map(({ instances }) => new Set(instances));
  return {
    ...first,
    ports: groups.flatMap(({ ports }) => ports),
    healthCheck: groups.map(({ healthCheck }) => healthCheck).join(", "),
    instances: first.instances.filter((id) => sets.every((set) => set.has(id))),
  };
}

/**
 * The health of each instance that is registered or draining in at least one of the groups. Throws TargetGroupNotFound if a group does
 * not exist.
 */
export async function health(aws: Aws, { arns }: TargetGroupsRef, signal?: AbortSignal): Promise<Health[]> {
  const groups = await awaitAll(arns.map((arn) => targetGroup.health(aws, arn, signal)));
  const [only] = groups;
  if (only !== undefined && groups.length === 1) return only;
  const byId = groups.map((group) => new Map(group.map((each) => [each.id, each])));
  const ids = new Set(groups.flatMap((group) => group.map(({ id }) => id)));
  return Array.from(ids, (id) => inAll(id, arns, byId.map((group) => group.get(id))));
}

/**
 * Returns the health of an instance in several groups. An instance that drains in some groups, and is not registered with the others,
 * drains. An instance that is missing in a group, or unhealthy there, is out of service.
 */
function inAll(id: string, arns: readonly string[], healths: readonly (Health | undefined)[]): Health {
  const named = healths.map((each, i) => {
    const name = targetGroup.groupName(arns[i] ?? "");
    return each && { ...each, description: `${name}: ${each.description}` };
  });
  const found = named.filter((each) => each !== undefined);
  const missing = arns.filter((_, i) => healths[i] === undefined).map(targetGroup.groupName);
  const order = ["draining", "out-of-service", "in-service"];
  const [worst] = found.toSorted((a, b) => order.indexOf(a.registration) - order.indexOf(b.registration));
  // `health` calls this function only for an instance that is registered or draining in at least one group.
  if (worst === undefined) throw new TypeError(`${id} is in no target group`);
  if (found.every(({ registration }) => registration === "draining")) return worst;
  if (missing.length > 0) return { ...notRegistered(id, missing), missing };
  return worst.registration === "in-service" ? worst : { ...worst, registration: "out-of-service" };
}

/** The health of an instance that is registered with other target groups only. It does not receive all requests that it should. */
function notRegistered(id: string, groups: readonly string[]): Health {
  return {
    id,
    state: "unused",
    reasonCode: "Target.NotRegistered",
    description: `the instance is not registered with target group ${groups.join(", ")}`,
    registration: "out-of-service",
    unused: false,
  };
}

/** Registers instances with each group. */
export async function register(
  aws: Aws,
  { arns }: TargetGroupsRef,
  ids: string | readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  await awaitAll(arns.map((arn) => targetGroup.register(aws, arn, ids, signal)));
}

/** Deregisters instances from each group. */
export async function deregister(
  aws: Aws,
  { arns }: TargetGroupsRef,
  ids: string | readonly string[],
  signal?: AbortSignal,
  precondition?: Precondition,
): Promise<void> {
  // One after the other: if the precondition rejects before the first call, the instance stays registered with all groups.
  for (const arn of arns) await targetGroup.deregister(aws, arn, ids, signal, precondition);
}

/** The longest deregistration delay of the groups, in seconds. 0 if one of them cuts the requests off at once. */
export async function deregistrationDelay(
  aws: Aws,
  { arns }: TargetGroupsRef,
  signal?: AbortSignal,
): Promise<number> {
  const delays = await awaitAll(arns.map((arn) => targetGroup.deregistrationDelay(aws, arn, signal)));
  return delays.includes(0) ? 0 : Math.max(...delays);
}
