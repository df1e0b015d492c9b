/**
 * What a fleet is behind, whatever its kind: who is registered there and how they fare. Each kind has a module of its own.
 *
 * @module
 */
import type { Registration } from "../scaling/fleet.ts";
import * as classic from "./classic_balancer.ts";
import type { Aws } from "./clients.ts";

/** Which balancer: a Classic Load Balancer. */
export interface BalancerRef {
  readonly kind: "classic";
  readonly name: string;
}

/** A balancer as it is. */
export interface Balancer {
  readonly name: string;
  readonly dnsName: string;
  /** The ids of those registered; one that drains is not among them. */
  readonly instances: readonly string[];
  /** `HTTP:30000/ping`. */
  readonly healthCheck: string;
  readonly zones: readonly string[];
}

/** An instance's health at a balancer in AWS's words. */
export interface Health {
  readonly id: string;
  readonly state: string;
  readonly reasonCode: string;
  readonly description: string;
  readonly registration: Registration;
}

/** The balancer that a fleet's settings name: without any, the Classic Load Balancer of the fleet's name. */
export function balancerRef(
  { fleet, loadBalancer }: { readonly fleet: string; readonly loadBalancer?: string | undefined },
): BalancerRef {
  return { kind: "classic", name: loadBalancer ?? fleet };
}

/** The balancer as it is, undefined if there is none. */
export function findBalancer(
  aws: Aws,
  ref: BalancerRef,
  signal?: AbortSignal,
): Promise<Balancer | undefined> {
  return classic.findBalancer(aws, ref.name, signal);
}

/** Health of every registered (or still draining) instance. Throws what {@linkcode isNotFound} tells if the balancer is gone. */
export function health(aws: Aws, ref: BalancerRef, signal?: AbortSignal): Promise<Health[]> {
  return classic.health(aws, ref.name, signal);
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
  return classic.register(aws, ref.name, id, signal);
}

/** Deregisters an instance, which then drains. One that is not registered is left as it is. */
export function deregister(aws: Aws, ref: BalancerRef, id: string, signal?: AbortSignal): Promise<void> {
  return classic.deregister(aws, ref.name, id, signal);
}
