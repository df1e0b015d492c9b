/**
 * Who scales: this process, or a running autoscaler.
 *
 * @module
 */
import type { ActivityState, Decided } from "../../../autoscaler/control/command.ts";
import type { Output } from "../../../cli/output.ts";
import type { Override } from "../../../scaling/model/observation.ts";
import type { Trigger } from "../../../scaling/model/trigger.ts";
import type { OverrideProgress } from "../../../autoscaler/store/operator/override.ts";

/** A command of an operator: to start or stop a number of instances, or to reach a capacity. */
export type ScaleRequest = Extract<Trigger, { readonly kind: "operator" }>;

/** How far a command has come. */
export interface Progress {
  readonly activities: readonly ActivityState[];
  /** The number of instances in service at the last observation. */
  readonly inService: number | null;
  /** The capacity that an operator asked for and that is in force. */
  readonly override: Override | null;
  /** The fleet's progress towards the last capacity that an operator asked for. */
  readonly progress: OverrideProgress | null;
}

/** Carries out a command of an operator. */
export interface Scaler {
  /**
   * Whether kas asks the operator before it terminates instances. kas then decides twice. The first decision only tells kas which
   * instances the question names.
   */
  readonly asksFirst: boolean;
  /** Whether this process carries the activities out. The end of this process then interrupts them. */
  readonly isOwn: boolean;
  /**
   * Decides, and unless `isTrial` begins the activities.
   *
   * @throws {UsageError} if the capacity is outside the bounds
   * @throws {ExitError} if kas cannot observe the fleet, or if it lacks the instance that the command names
   */
  decide(request: ScaleRequest, isTrial: boolean): Promise<Decided>;
  /** Returns the states of these activities, and of all that began at `since` or later. `since` is in ms since the epoch. */
  progress(ids: readonly number[], since?: number): Promise<Progress>;
  /** Resolves when the progress may have changed. */
  wait(): Promise<void>;
  /** Prints what an operator can do after a decision without an action. */
  advise(out: Output): void;
}
