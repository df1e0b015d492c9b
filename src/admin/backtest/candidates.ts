/**
 * Makes the policies of a backtest.
 *
 * @module
 */
import { UsageError } from "../../cli/command.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import { DEFAULT_STABILIZATION, policyOf, type PolicySpec } from "../../scaling/model/load/policy.ts";
import type { Thresholds } from "../../scaling/simulate/alarms.ts";
import { kasPolicy } from "../../scaling/simulate/autoscaler.ts";
import { type PeerBounds, stepScaling, targetTracking } from "../../scaling/simulate/peers/auto_scaling.ts";
import { oracle } from "../../scaling/simulate/peers/oracle.ts";
import type { Policy } from "../../scaling/simulate/play.ts";
import type { Spec } from "./specs.ts";

/** A policy that a backtest plays. */
export interface Candidate {
  readonly name: string;
  readonly policy: Policy;
  /** What to write into the config file for it. Undefined for a policy that kas does not have, and for the configured policies. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** The thresholds of the alarms, if the spec names them. */
  readonly thresholds?: Thresholds | undefined;
  /** Whether an operator can choose the policy: it is one of kas's. */
  readonly isOwn: boolean;
}

/** The CPU at which the adaptive policy takes an instance as fully loaded, in percent. It is the one by which the need is counted. */
const UTILIZATION = 80;

/**
 * Returns the policy of a spec.
 *
 * @param limits the limits of the fleet, with the policies that are configured
 */
export function candidateOf(spec: Spec, limits: Limits, bounds: PeerBounds): Candidate {
  const { name } = spec;
  const peer = (policy: Policy): Candidate => ({ name, policy, isOwn: false });
  switch (spec.kind) {
    case "ec2-step":
      return peer(stepScaling(bounds));
    case "ec2-target":
      return peer(targetTracking(spec.target, spec.scaleIn, bounds));
    case "oracle":
      return peer(oracle(bounds));
    case "config":
      requireCpu(limits);
      return { name, policy: kasPolicy({ limits }), isOwn: true };
    default: {
      const policies = policiesOf(spec);
      const thresholds = spec.kind === "alarms" ? spec.thresholds : undefined;
      const policy = kasPolicy({ limits: { ...limits, policies }, thresholds });
      return { name, policy, configuration: { policies: policies.map(written) }, thresholds, isOwn: true };
    }
  }
}

function policiesOf(spec: Extract<Spec, { kind: "alarms" | "target" | "adaptive" }>): PolicySpec[] {
  switch (spec.kind) {
    case "alarms":
      return [{ type: "alarms" }];
    case "target":
      return [{ type: "target", metric: "cpu", target: spec.target, stabilization: DEFAULT_STABILIZATION }];
    case "adaptive":
      return [{ type: "adaptive", metric: "cpu", utilization: UTILIZATION, risk: spec.risk }];
    default:
      return spec satisfies never;
  }
}

/** Returns a policy as a config file has it. It omits the default stabilization, which a config file writes as text. */
function written(policy: PolicySpec): Readonly<Record<string, unknown>> {
  if (policy.type !== "target") return { ...policy };
  const { stabilization: _, ...rest } = policy;
  return rest;
}

/** @throws {UsageError} if the configured policies depend on metrics that a backtest does not have */
function requireCpu(limits: Limits): void {
  if (policyOf(limits, "formula") === undefined) return;
  throw new UsageError(
    "Cannot simulate the configured policies: a backtest knows only the CPU, and formula uses other metrics",
    "--policy target:60",
  );
}
