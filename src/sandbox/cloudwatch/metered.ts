/**
 * What CloudWatch measures, and the names of metrics.
 *
 * @module
 */
import type { Machine } from "../machines/machine.ts";

/** A dimension of a metric. */
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

/** The number of requests that the instances of a pool answered. */
export interface RequestCount {
  /** Since the pool was created; never decreases. */
  readonly total: number;
  /** The metrics that report the count; empty for a target group without a load balancer. */
  readonly metrics: readonly Metric[];
}

/** The sources of CPUUtilization and of the load balancers' metrics. */
export interface MeteredResources {
  /** The machines of running instances, by instance id. */
  machines(): ReadonlyMap<string, Machine>;
  /** Whether an instance reports a datapoint each minute; otherwise it reports one each five minutes. */
  reportsEachMinute(id: string): boolean;
  /** By the name of a Classic Load Balancer or the ARN of a target group. */
  requests(): ReadonlyMap<string, RequestCount>;
}
