/**
 * The options of `assemble()`. settings/settings.ts has the flags of the commands, with their defaults and help.
 *
 * @module
 */
import type { BalancerRef } from "../aws/balancing/balancer.ts";
import type { Call } from "../aws/calls.ts";
import type { Account, Aws } from "../aws/clients.ts";
import type { AddressKind } from "../aws/ec2/ec2_instance.ts";
import type { DrainTarget } from "../health/drain.ts";
import type { Ec2Instance, FleetSelector } from "../aws/ec2/instances.ts";
import type { ScrapeTarget } from "../health/scrape.ts";
import type { HealthCheckSpec } from "../health/spec.ts";
import type { Decision } from "../scaling/model/decision.ts";
import type { Limits } from "../scaling/model/limits.ts";
import type { Trigger } from "../scaling/model/trigger.ts";
import type { MetricSpecs } from "../settings/metrics/spec.ts";
import type { Schedules } from "../settings/schedules/schedules.ts";
import type { ObservationOutcome } from "./http/snapshot.ts";
import type { StateFolder } from "./store/folder/state_folder.ts";
import type { Activity } from "./store/activities.ts";
import type { PhaseDuration } from "./store/phases.ts";
import type { Scrape } from "./telemetry/scraper.ts";

/** A fleet, its load balancer and its service. */
export interface Fleet extends FleetSelector {
  readonly balancer: BalancerRef;
  /** The health check of the service. Absent: kas makes the checks of the load balancer. */
  readonly healthCheck?: HealthCheckSpec | undefined;
  /** The address at which kas checks an instance. Default: `private`. */
  readonly address?: AddressKind | undefined;
  /** Where the service on an instance takes requests to drain. Only for a fleet without a load balancer. */
  readonly drain?: DrainTarget | undefined;
}

/** The settings that an operator can change while the autoscaler runs. Durations are in ms. */
export interface Tuning {
  readonly limits: Limits;
  /** The schedules of the fleet. Absent if there are none. */
  readonly schedules?: Schedules | undefined;
  /** The metrics that formulas can use. Absent if there are none. */
  readonly metrics?: MetricSpecs | undefined;
  /** The timeout of each step of scaling out. */
  readonly startTimeout: number;
  /** The timeout of each step of scaling in. */
  readonly drainTimeout: number;
  /** How long a quarantine lasts. */
  readonly quarantineFor: number;
  /** How kas scrapes the instances. Absent: it does not. */
  readonly scrape?: ScrapeSettings | undefined;
}

/** How kas scrapes the instances. */
export interface ScrapeSettings {
  readonly target: ScrapeTarget;
  /** The time from one scrape of an instance to the next, in ms. */
  readonly interval: number;
}

/** Returns the host name or IP address at which kas checks an instance, or undefined if the instance has none. */
export type AddressOf = (instance: Ec2Instance) => string | undefined;

/** Callbacks for the events of an autoscaler. */
export interface Events {
  /** Called when a request to AWS has ended. */
  readonly onRequest?: (call: Call) => void;
  /** Called when an observation of the fleet has ended. */
  readonly onObservation?: (outcome: ObservationOutcome) => void;
  /** Called when a round of scrapes has ended. */
  readonly onScrapes?: (scrapes: readonly Scrape[]) => void;
  /** Called when the journal has a new decision. */
  readonly onDecision?: (trigger: Trigger, decision: Decision) => void;
  /** Called when an activity has ended. */
  readonly onActivityEnd?: (activity: Activity) => void;
  /** Called when phases of an activity have ended, with their durations. */
  readonly onPhases?: (kind: Activity["kind"], durations: readonly PhaseDuration[]) => void;
}

/** The options that every autoscaler needs. */
export interface AssemblyOptions extends Tuning {
  /** The AWS account, or connected clients that the caller disposes of. */
  readonly account: Account | Aws;
  readonly fleet: Fleet;
  /** The folder of the journal, or a folder that the caller has locked. If absent, kas keeps the state in memory. */
  readonly state?: string | StateFolder | undefined;
  /** If true, kas makes and records decisions, but does not carry them out. */
  readonly dryRun: boolean;
  /** Returns the address at which kas checks an instance. Default: the address in `fleet`. */
  readonly address?: AddressOf;
  readonly events?: Events;
}

/** The options of a fleet. */
export interface FleetOptions extends Omit<AssemblyOptions, "state"> {
  /**
   * The ARN of the topic whose messages the fleet accepts. If absent, the fleet refuses all messages and only polls the alarms (R2).
   */
  readonly topicArn?: string | undefined;
  /** The URL to which kas posts alerts. It may contain a secret. If absent, kas posts no alerts. */
  readonly alertUrl?: string | undefined;
  readonly resubscribe: boolean;
}
