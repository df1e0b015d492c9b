/**
 * What puts the instances of a fleet into service and takes them out of service.
 *
 * @module
 */
import type { Health } from "../../aws/balancing/health.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Precondition } from "../../aws/middleware.ts";

/**
 * Puts instances into service, takes them out of service, and knows the registration of each. With a load balancer, this is the load
 * balancer.
 */
export interface Registrar {
  /** How old a state in its answers can be, in ms. If the answers show the same state for longer than this, it is the present state. */
  readonly lag: number;
  /**
   * Returns the health of each registered or draining instance.
   *
   * @param list lists the instances of the fleet in EC2
   */
  healths(list: () => Promise<readonly Ec2Instance[]>, signal: AbortSignal): Promise<readonly Health[]>;
  /** Returns the health of an instance, or undefined if the instance is not registered. */
  healthOf(id: string, signal: AbortSignal): Promise<Health | undefined>;
  /** Registers an instance. Registering it again changes nothing. */
  register(id: string): Promise<void>;
  /**
   * Deregisters an instance, which then drains. Has no effect on an instance that is not registered.
   *
   * @param precondition must resolve right before each request that deregisters the instance. If it rejects, this promise rejects with
   *   its error
   */
  deregister(id: string, precondition: Precondition): Promise<void>;
  /**
   * Registers instances that are registered with only some target groups with the others too. Returns their ids. Skips an instance that was
   * completely registered at the previous call, because an answer of AWS may be old.
   *
   * @param ids the instances that should be registered, and are not in service
   */
  complete(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  /** Describes an instance's health for an error message. */
  describe(health: Health): string;
}
