/**
 * One interface to both kinds of balancer: Classic Load Balancers and target groups. Each kind has its own module.
 *
 * @module
 */
import type { Registration } from "../../scaling/model/instance.ts";
import type { Precondition } from "../middleware.ts";
import * as classic from "./classic_balancer.ts";
import type { Aws } from "../clients.ts";
import type { Balancer, Health } from "./health.ts";
import * as targetGroup from "./target_group.ts";

export type { Balancer, Health } from "./health.ts";

/** Names a balancer: a Classic Load Balancer, or a target group of an Application or Network Load Balancer. */
export type BalancerRef =
  | { readonly kind: "classic"; readonly name: string }
  | { readonly kind: "target-group"; readonly name: string; readonly arn: string };

/** The settings that name a fleet's balancer. A target group takes precedence over a load balancer. */
export interface BalancerSettings {
  readonly fleet: string;
  readonly loadBalancer?: string | undefined;
  /** The ARN of the target group. */
  readonly targetGroup?: string | undefined;
}

/** The balancer in a fleet's settings. The default is the Classic Load Balancer with the fleet's name. */
export function balancerRef({ fleet, loadBalancer, targetGroup: arn }: BalancerSettings): BalancerRef {
  return arn === undefined
    ? { kind: "classic", name: loadBalancer ?? fleet }
    : { kind: "target-group", name: targetGroup.groupName(arn), arn };
}

/** The kind and name of a balancer, for messages. */
export function titleOf({ kind, name }: BalancerRef): string {
  return `${kind === "classic" ? "load balancer" : "target group"} ${name}`;
}

/** Finds a balancer. Undefined if it does not exist. */
export function findBalancer(
  aws: Aws,
  ref: BalancerRef,
  signal?: AbortSignal,
): Promise<Balancer | undefined> {
  return ref.kind === "classic"
    ? classic.findBalancer(aws, ref.name, signal)
    : targetGroup.findTargetGroup(aws, ref.arn, signal);
}

/**
 * The health of each registered or draining instance. Throws an `isNotFound` error if the balancer does not exist.
 */
export function health(aws: Aws, ref: BalancerRef, signal?: AbortSignal): Promise<Health[]> {
  return ref.kind === "classic"
    ? classic.health(aws, ref.name, signal)
    : targetGroup.health(aws, ref.arn, signal);
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
export function register(
  aws: Aws,
  ref: BalancerRef,
  ids: string | readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  return ref.kind === "classic"
    ? classic.register(aws, ref.name, ids, signal)
    : targetGroup.register(aws, ref.arn, ids, signal);
}

/**
 * Deregisters one or several instances, which then drain. Has no effect on an instance that is not registered. But if one of several
 * instances is not registered, AWS may refuse the call and deregister none of them.
 *
 * @param precondition runs right before each request, and so before each of the SDK's retries; if it rejects, the call
 *   fails with its error
 */
export function deregister(
  aws: Aws,
  ref: BalancerRef,
  ids: string | readonly string[],
  signal?: AbortSignal,
  precondition?: Precondition,
): Promise<void> {
  return ref.kind === "classic"
    ? classic.deregister(aws, ref.name, ids, signal, precondition)
    : targetGroup.deregister(aws, ref.arn, ids, signal, precondition);
}

/**
 * How long the balancer lets a deregistered instance finish its requests, in seconds. 0 if the balancer cuts the
 * requests off at once. Throws the same errors as {@linkcode health}.
 */
export function drainingTimeout(aws: Aws, ref: BalancerRef, signal?: AbortSignal): Promise<number> {
  return ref.kind === "classic"
    ? classic.drainingTimeout(aws, ref.name, signal)
    : targetGroup.deregistrationDelay(aws, ref.arn, signal);
}
