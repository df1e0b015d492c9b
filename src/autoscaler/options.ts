/**
 * What an autoscaler is started with.
 *
 * @module
 */
import type { BalancerRef } from "../aws/balancing/balancer.ts";
import type { Call } from "../aws/calls.ts";
import type { Account, Aws } from "../aws/clients.ts";
import type { Ec2Instance, FleetSelector } from "../aws/ec2/instances.ts";
import type { Decision } from "../scaling/model/decision.ts";
import type { Limits } from "../scaling/model/limits.ts";
import type { Trigger } from "../scaling/model/trigger.ts";
import type { ObservationOutcome } from "./http/snapshot.ts";
import type { Activity } from "./store/activities.ts";
import type { PhaseDuration } from "./store/phases.ts";

/** A fleet and its load balancer. */
export interface Fleet extends FleetSelector {
  readonly balancer: BalancerRef;
}

/** The settings that can change while the autoscaler runs. Times are ms. */
export interface Tuning {
  readonly limits: Limits;
  /** The longest wait for each step of scaling out. */
  readonly startTimeout: number;
  /** The longest wait for each step of scaling in. */
  readonly drainTimeout: number;
}

/** Where an instance's worker can be reached: a host name or an IP address. */
export type AddressOf = (instance: Ec2Instance) => string | undefined;

/** What an autoscaler reports while it works. */
export interface Events {
  /** A request to AWS ended. */
  readonly onRequest?: (call: Call) => void;
  /** An observation of the fleet ended. */
  readonly onObservation?: (outcome: ObservationOutcome) => void;
  /** A decision is in the journal. */
  readonly onDecision?: (trigger: Trigger, decision: Decision) => void;
  /** An activity ended. */
  readonly onActivityEnd?: (activity: Activity) => void;
  /** It is known how long phases of an activity took. */
  readonly onPhases?: (kind: Activity["kind"], durations: readonly PhaseDuration[]) => void;
}

/** What every autoscaler needs. */
export interface AssemblyOptions extends Tuning {
  /** The account, or clients that are connected to it and that the caller disposes of. */
  readonly account: Account | Aws;
  readonly fleet: Fleet;
  /** The state folder. Without one the state is kept in memory. */
  readonly state?: string | undefined;
  /** Decide and record, but carry nothing out. */
  readonly dryRun: boolean;
  /** By default an instance's private address. */
  readonly address?: AddressOf;
  readonly events?: Events;
}
