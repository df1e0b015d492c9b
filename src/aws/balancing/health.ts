/**
 * A balancer of either kind, and the health of its instances.
 *
 * @module
 */
import type { Registration } from "../../scaling/model/instance.ts";
import type { Metric } from "../cloudwatch/metric.ts";

/** A balancer as AWS describes it. */
export interface Balancer {
  readonly name: string;
  readonly dnsName: string;
  /** Ids of the registered instances, without those that are draining. */
  readonly instances: readonly string[];
  /** The health check, in the form `HTTP:8080/healthz`. */
  readonly healthCheck: string;
  /** The ports at which the instances receive requests. */
  readonly ports: readonly number[];
  readonly zones: readonly string[];
  /** The ids of the security groups. */
  readonly securityGroups: readonly string[];
  /** The CloudWatch metric of the balancer's requests. Undefined while a target group has no load balancer. */
  readonly requests: Metric | undefined;
}

/** An instance's health at a balancer. State, reason code and description are AWS's. */
export interface Health {
  readonly id: string;
  readonly state: string;
  readonly reasonCode: string;
  readonly description: string;
  readonly registration: Registration;
  /** Whether no load balancer sends requests to the instance's zone. The state then says nothing about the instance. */
  readonly unused: boolean;
  /** The names of the target groups in which the instance is missing, although it is registered with others. Absent if there are none. */
  readonly missing?: readonly string[];
}

/**
 * Whether AWS has not finished the first checks of an instance that it began to check. The instance is out of service, and nobody knows
 * yet whether it is healthy. With a Network Load Balancer this takes some minutes. Sources: elbv2 API, TargetHealth, `initial`; ELB API,
 * InstanceState; EC2 API, InstanceStatusSummary.
 */
export function isInitial({ state, reasonCode, description }: Health): boolean {
  return state === "initial" || ["initializing", "insufficient-data"].includes(reasonCode) ||
    description.startsWith("Instance registration is still in progress");
}
