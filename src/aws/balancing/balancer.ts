/**
 * What a fleet is behind, whatever its kind: who is registered there and how they fare. Each kind has a module of its own.
 *
 * @module
 */
import type { Registration } from "../../scaling/model/instance.ts";
import type { Precondition } from "../calls.ts";
import * as classic from "./classic_balancer.ts";
import type { Aws } from "../clients.ts";
import type { Metric } from "../cloudwatch/metric.ts";
import * as targetGroup from "./target_group.ts";

/** Which balancer: a Classic Load Balancer, or a target group of an Application or Network Load Balancer. */
export type BalancerRef =
  | { readonly kind: "classic"; readonly name: string }
  | { readonly kind: "target-group"; readonly name: string; readonly arn: string };

/** A balancer as it is. */
export interface Balancer {
  readonly name: string;
  readonly dnsName: string;
  /** The ids of those registered; one that drains is not among them. */
  readonly instances: readonly string[];
  /** `HTTP:30000/ping`. */
  readonly healthCheck: string;
  readonly zones: readonly string[];
  /** Ids. */
  readonly securityGroups: readonly string[];
  /** What CloudWatch counts its requests by; undefined while no load balancer sends to a target group. */
  readonly requests: Metric | undefined;
}

/** An instance's health at a balancer in AWS's words. */
export interface Health {
  readonly id: string;
  readonly state: string;
  readonly reasonCode: string;
  readonly description: string;
  readonly registration: Registration;
  /** No load balancer sends anything to where it is registered, which is not its own fault. */
  readonly unused: boolean;
}

/** The settings that say which balancer is a fleet's; a target group counts before a load balancer. */
export interface BalancerSettings {
  readonly fleet: string;
  readonly loadBalancer?: string | undefined;
  /** Its ARN. */
  readonly targetGroup?: string | undefined;
}

/** The balancer that a fleet's settings name: without any, the Classic Load Balancer of the fleet's name. */
export function balancerRef({ fleet, loadBalancer, targetGroup: arn }: BalancerSettings): BalancerRef {
  return arn === undefined
    ? { kind: "classic", name: loadBalancer ?? fleet }
    : { kind: "target-group", name: targetGroup.groupName(arn), arn };
}

/** A balancer as an operator knows it. */
export function titleOf({ kind, name }: BalancerRef): string {
  return `${kind === "classic" ? "load balancer" : "target group"} ${name}`;
}

/** The balancer as it is, undefined if there is none. */
export function findBalancer(
  aws: Aws,
  ref: BalancerRef,
  signal?: AbortSignal,
): Promise<Balancer | undefined> {
  return ref.kind === "classic"
    ? classic.findBalancer(aws, ref.name, signal)
    : targetGroup.findTargetGroup(aws, ref.arn, signal);
}

/** Health of every registered (or still draining) instance. Throws what {@linkcode isNotFound} tells if the balancer is gone. */
export function health(aws: Aws, ref: BalancerRef, signal?: AbortSignal): Promise<Health[]> {
  return ref.kind === "classic"
    ? classic.health(aws, ref.name, signal)
    : targetGroup.health(aws, ref.arn, signal);
}

/** The standing of every registered (or still draining) instance, by its id. Throws as {@linkcode health} does. */
export async function registrations(
  aws: Aws,
  ref: BalancerRef,
  signal?: AbortSignal,
): Promise<Map<string, Registration>> {
  return new Map((await health(aws, ref, signal)).map(({ id, registration }) => [id, registration]));
}

/** Registers an instance; a repeat changes nothing. Returns once AWS has accepted it, before the first health check. */
export function register(aws: Aws, ref: BalancerRef, id: string, signal?: AbortSignal): Promise<void> {
  return ref.kind === "classic"
    ? classic.register(aws, ref.name, id, signal)
    : targetGroup.register(aws, ref.arn, id, signal);
}

/**
 * Deregisters an instance, which then drains. One that is not registered is left as it is.
 *
 * @param before made right before each request, the SDK's own repeats included; what it throws ends the call
 */
export function deregister(
  aws: Aws,
  ref: BalancerRef,
  id: string,
  signal?: AbortSignal,
  before?: Precondition,
): Promise<void> {
  return ref.kind === "classic"
    ? classic.deregister(aws, ref.name, id, signal, before)
    : targetGroup.deregister(aws, ref.arn, id, signal, before);
}

/**
 * How long requests under way at an instance that is deregistered may go on, s; 0 where they are cut off. Throws as
 * {@linkcode health} does.
 */
export function drainingTimeout(aws: Aws, ref: BalancerRef, signal?: AbortSignal): Promise<number> {
  return ref.kind === "classic"
    ? classic.drainingTimeout(aws, ref.name, signal)
    : targetGroup.deregistrationDelay(aws, ref.arn, signal);
}
