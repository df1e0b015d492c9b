/** The Classic Load Balancer. @module */
import type { Registration } from "../scaling/fleet.ts";
import type { Aws } from "./clients.ts";

/** A load balancer. */
export interface Balancer {
  readonly name: string;
  readonly dnsName: string;
  readonly instances: readonly string[];
  /** `HTTP:30000/ping`. */
  readonly healthCheck: string;
  readonly zones: readonly string[];
}

/** An instance's health at a balancer in ELB's words. */
export interface Health {
  readonly id: string;
  readonly state: string;
  readonly reasonCode: string;
  readonly description: string;
  readonly registration: Registration;
}

export declare function balancers(aws: Aws, name?: string, signal?: AbortSignal): AsyncIterable<Balancer>;
/** Health of every registered (or still draining) instance. Throws LoadBalancerNotFound. */
export declare function health(aws: Aws, name: string, signal?: AbortSignal): Promise<Health[]>;
export declare function registrations(aws: Aws, name: string, signal?: AbortSignal): Promise<Map<string, Registration>>;
export declare function register(aws: Aws, name: string, id: string, signal?: AbortSignal): Promise<void>;
/** An instance that is not registered is left as it is. */
export declare function deregister(aws: Aws, name: string, id: string, signal?: AbortSignal): Promise<void>;
/** Listener 30000→30000 HTTP, health check HTTP:30000/ping, draining on; in the zones of the fleet. */
export declare function createBalancer(aws: Aws, name: string, zones: readonly string[]): Promise<Balancer>;
export declare function deleteBalancer(aws: Aws, name: string): Promise<void>;
