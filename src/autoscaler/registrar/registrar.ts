/**
 * What puts the instances of a fleet into service and takes them out of service.
 *
 * @module
 */
import type { Health } from "../../aws/balancing/health.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Precondition } from "../../aws/middleware.ts";

/** The outcome of an attempt to deregister an instance. */
export type Deregistration =
  | {
    readonly done: true;
    /** Whether the service on the instance has accepted to drain, so that the service works. Absent with a load balancer. */
    readonly isWorking?: true;
  }
  | {
    readonly done: false;
    /** Why the service on the instance has not accepted to drain. */
    readonly why: string;
    /** Whether further attempts are of no use, because no service listens on the instance. */
    readonly isFinal: boolean;
  };

/** The outcome of an attempt to end the draining of an instance. `silent`: no answer came. */
export interface DrainEnd {
  readonly outcome: "serves" | "refused" | "silent";
  readonly description: string;
}

/**
 * Puts instances into service, takes them out of service, and knows the registration of each. With a load balancer, this is the load
 * balancer. Without one, an instance is in service if EC2 and the health check say so, and the service on the instance drains.
 */
export interface Registrar extends Disposable {
  /** How old a state in its answers can be, in ms. If the answers show the same state for longer than this, it is the present state. */
  readonly lag: number;
  /** Whether the service on the instance drains, and not a load balancer. Such a service may never end its work. */
  readonly isServiceDraining: boolean;
  /**
   * Returns the health of each registered or draining instance.
   *
   * @param list lists the instances of the fleet in EC2
   */
  healths(list: () => Promise<readonly Ec2Instance[]>, signal: AbortSignal): Promise<readonly Health[]>;
  /** Returns the health of an instance, or undefined if the instance is not registered or has drained. */
  healthOf(id: string, signal: AbortSignal): Promise<Health | undefined>;
  /** Registers an instance. Registering it again changes nothing. */
  register(id: string): Promise<void>;
  /**
   * Deregisters an instance, which then drains. Has no effect on an instance that is not registered.
   *
   * @param precondition must resolve right before each request that deregisters the instance. If it rejects, this promise rejects with
   *   its error
   */
  deregister(id: string, precondition: Precondition): Promise<Deregistration>;
  /**
   * Whether an instance has been asked to drain, so that it takes no work until its draining ends ({@linkcode endDraining}) or it starts
   * again. False with a load balancer: registering the instance again ends its draining.
   */
  isDraining(instance: Ec2Instance): boolean;
  /** Asks the service on an instance to take work again. */
  endDraining(instance: Ec2Instance): Promise<DrainEnd>;
  /**
   * Registers instances that are registered with only some target groups with the others too. Returns their ids. Skips an instance that was
   * completely registered at the previous call, because an answer of AWS may be old.
   *
   * @param ids the instances that should be registered, and are not in service
   */
  complete(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  /** Describes an instance without health for an error message. */
  readonly unlisted: string;
  /** Describes an instance's health for an error message. */
  describe(health: Health): string;
}
