/**
 * The resources whose metrics the sandbox's CloudWatch collects, and the identities of metrics.
 *
 * @module
 */
import type { Machine } from "../machines/machine.ts";

/** A dimension of a metric: name and value. */
export interface Dimension {
  readonly Name: string;
  readonly Value: string;
}

/** The identity of a metric. */
export interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly Dimension[];
}

/** The number of requests that the instances of a load balancer or target group answered. */
export interface RequestCount {
  /** Total since the creation of the load balancer or target group. The total never decreases. */
  readonly total: number;
  /** CloudWatch metrics that report the request count. Empty for a target group without a load balancer. */
  readonly metrics: readonly Metric[];
}

/** The CPU credits of a T instance. */
export interface Credits {
  /** The number of credits. A credit is a minute of one vCPU. */
  readonly balance: number;
  /** The CPU that the instance shows at most, in percent. */
  readonly limit: number;
}

/** The sources of the metric CPUUtilization and of the load balancers' metrics. */
export interface MeteredResources {
  /** Returns the simulated machines of running instances, by instance id. */
  machines(): ReadonlyMap<string, Machine>;
  /** Returns whether an instance reports a datapoint every minute. An instance with basic monitoring reports a datapoint every five minutes. */
  reportsEachMinute(id: string): boolean;
  /** Returns the number of vCPUs of an instance. */
  vcpus(id: string): number;
  /** Returns the CPU credits of an instance of a T type; undefined for other types. */
  credits(id: string): Credits | undefined;
  /** Returns request counts by the name of a Classic Load Balancer or the ARN of a target group. */
  requests(): ReadonlyMap<string, RequestCount>;
}
