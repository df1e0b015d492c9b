/** EC2 instances. @module */
import type { Instance, InstanceState, Registration, Role } from "../scaling/fleet.ts";
import type { Aws } from "./clients.ts";

/** How a fleet is told from the account's other instances: by its tag, or a legacy one by its key pair. */
export interface FleetSelector {
  readonly fleet: string;
  readonly keyName?: string | undefined;
}

/** An instance's state before and after a call. */
export interface StateChange {
  readonly id: string;
  readonly before: InstanceState;
  readonly after: InstanceState;
}

/** What to launch. */
export interface Launch {
  readonly fleet: string;
  readonly role: Role;
  readonly count: number;
  readonly name?: string;
  readonly image?: string;
  readonly type?: string;
  readonly subnet?: string;
  readonly securityGroups?: readonly string[];
  readonly keyName?: string;
  readonly launchTemplate?: string;
  readonly userData?: string;
}

/** An instance without its standing at the load balancer, which another service knows. */
export type Ec2Instance = Omit<Instance, "registration">;

/** Joins EC2's view of instances with the balancer's. */
export declare function withRegistration(
  instances: readonly Ec2Instance[],
  registrations: ReadonlyMap<string, Registration>,
): Instance[];

/** Every instance of the fleet that is not terminated, page by page. */
export declare function fleetInstances(aws: Aws, selector: FleetSelector, signal?: AbortSignal): AsyncIterable<Ec2Instance>;
/** One instance, undefined if it is not there. */
export declare function instance(aws: Aws, id: string, signal?: AbortSignal): Promise<Ec2Instance | undefined>;
export declare function startInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange>;
export declare function stopInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange>;
export declare function terminateInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange>;
export declare function launchInstances(aws: Aws, launch: Launch, signal?: AbortSignal): Promise<Ec2Instance[]>;
/** All tags of instances, by id. */
export declare function instanceTags(aws: Aws, ids: readonly string[]): Promise<Map<string, Record<string, string>>>;
export declare function quarantine(aws: Aws, id: string, reason: string): Promise<void>;
export declare function release(aws: Aws, id: string): Promise<void>;
