/**
 * One interface to all kinds of balancer: Classic Load Balancers, target groups, and none. Each kind has its own module.
 *
 * @module
 */
import type { Registration } from "../../scaling/model/instance.ts";
import type { Precondition } from "../middleware.ts";
import * as classic from "./classic_balancer.ts";
import type { Aws } from "../clients.ts";
import type { Balancer, Health } from "./health.ts";
import { groupName } from "./target_group.ts";
import * as targetGroups from "./target_groups.ts";
import type { TargetGroupsRef } from "./target_groups.ts";

export type { Balancer, Health } from "./health.ts";
export type { TargetGroupsRef } from "./target_groups.ts";

/**
 * Names a fleet's balancer: a Classic Load Balancer, target groups, or `none`: the fleet has no balancer, and the functions of this
 * module then do nothing and find nothing.
 */
export type BalancerRef =
  | { readonly kind: "classic"; readonly name: string }
  | TargetGroupsRef
  | { readonly kind: "none"; readonly name: "none" };

/** The settings that name a fleet's balancer. Target groups take precedence over a load balancer, and `none` over both. */
export interface BalancerSettings {
  readonly fleet: string;
  readonly balancer?: "application" | "network" | "classic" | "none" | undefined;
  readonly loadBalancer?: string | undefined;
  /** The ARNs of the target groups. */
  readonly targetGroup?: readonly string[] | undefined;
}

/** The balancer in a fleet's settings. The default is the Classic Load Balancer with the fleet's name. */
export function balancerRef(
  { fleet, balancer, loadBalancer, targetGroup: arns = [] }: BalancerSettings,
): BalancerRef {
  if (balancer === "none") return { kind: "none", name: "none" };
  const [first, ...rest] = new Set(arns);
  if (first === undefined) return { kind: "classic", name: loadBalancer ?? fleet };
  const groups = [first, ...rest] as const;
  return { kind: "target-groups", name: groups.map(groupName).join(", "), arns: groups };
}

/** The balancers of which a balancer consists: each of several target groups, or else the balancer itself. */
export function partsOf(ref: BalancerRef): readonly BalancerRef[] {
  if (ref.kind !== "target-groups") return [ref];
  return ref.arns.map((arn) => ({ kind: ref.kind, name: groupName(arn), arns: [arn] }));
}

/** The kind and name of a balancer, for messages. */
export function titleOf(ref: BalancerRef): string {
  switch (ref.kind) {
    case "classic":
      return `load balancer ${ref.name}`;
    case "target-groups":
      return `target group${ref.arns.length === 1 ? "" : "s"} ${ref.name}`;
    case "none":
      return "no load balancer";
  }
}

/** Finds a balancer. Undefined if it does not exist, or if one of several target groups does not exist. */
export async function findBalancer(
  aws: Aws,
  ref: BalancerRef,
  signal?: AbortSignal,
): Promise<Balancer | undefined> {
  switch (ref.kind) {
    case "classic":
      return await classic.findBalancer(aws, ref.name, signal);
    case "target-groups":
      return await targetGroups.findTargetGroups(aws, ref, signal);
    case "none":
      return undefined;
  }
}

/**
 * The health of each registered or draining instance. Throws an `isNotFound` error if the balancer does not exist.
 */
export async function health(aws: Aws, ref: BalancerRef, signal?: AbortSignal): Promise<Health[]> {
  switch (ref.kind) {
    case "classic":
      return await classic.health(aws, ref.name, signal);
    case "target-groups":
      return await targetGroups.health(aws, ref, signal);
    case "none":
      return [];
  }
}

/** The registration of each registered or draining instance by id. Throws the same errors as {@linkcode health}. */
export async function registrations(
  aws: Aws,
  ref: BalancerRef,
  signal?: AbortSignal,
): Promise<Map<string, Registration>> {
  return registrationsIn(await health(aws, ref, signal));
}

/** The registration in the health of each instance, by id. */
export function registrationsIn(healths: readonly Health[]): Map<string, Registration> {
  return new Map(healths.map(({ id, registration }) => [id, registration]));
}

/**
 * Registers one or several instances. Registering them again changes nothing. Returns when AWS has accepted the call, before the
 * first health check. If AWS refuses one of the instances, it registers none of them.
 */
export async function register(
  aws: Aws,
  ref: BalancerRef,
  ids: string | readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  switch (ref.kind) {
    case "classic":
      return await classic.register(aws, ref.name, ids, signal);
    case "target-groups":
      return await targetGroups.register(aws, ref, ids, signal);
    case "none":
  }
}

/**
 * Deregisters one or several instances, which then drain. Has no effect on an instance that is not registered. But if one of several
 * instances is not registered, AWS may refuse the call and deregister none of them.
 *
 * @param precondition runs right before each request, and so before each of the SDK's retries; if it rejects, the call
 *   fails with its error
 */
export async function deregister(
  aws: Aws,
  ref: BalancerRef,
  ids: string | readonly string[],
  signal?: AbortSignal,
  precondition?: Precondition,
): Promise<void> {
  switch (ref.kind) {
    case "classic":
      return await classic.deregister(aws, ref.name, ids, signal, precondition);
    case "target-groups":
      return await targetGroups.deregister(aws, ref, ids, signal, precondition);
    case "none":
  }
}

/**
 * How long the balancer lets a deregistered instance finish its requests, in seconds. 0 if the balancer cuts the
 * requests off at once, or if there is no balancer. Throws the same errors as {@linkcode health}.
 */
export async function drainingTimeout(aws: Aws, ref: BalancerRef, signal?: AbortSignal): Promise<number> {
  switch (ref.kind) {
    case "classic":
      return await classic.drainingTimeout(aws, ref.name, signal);
    case "target-groups":
      return await targetGroups.deregistrationDelay(aws, ref, signal);
    case "none":
      return 0;
  }
}
