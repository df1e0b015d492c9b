/**
 * CloudWatch metrics.
 *
 * @module
 */

/** A metric of CloudWatch. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  /** Dimension values by name. */
  readonly dimensions: Readonly<Record<string, string>>;
}

/**
 * The metric of an instance's CPU utilization, in percent. Source: EC2 user guide, "CloudWatch metrics that are
 * available for your instances".
 */
export function cpuOf(instance: string): Metric {
  return { namespace: "AWS/EC2", name: "CPUUtilization", dimensions: { InstanceId: instance } };
}

/**
 * The metric of the CPU credits that a T instance has left. Source: EC2 user guide, "Additional CloudWatch metrics for burstable
 * performance instances".
 */
export function creditsOf(instance: string): Metric {
  return { namespace: "AWS/EC2", name: "CPUCreditBalance", dimensions: { InstanceId: instance } };
}

/** Whether two metrics are the same. */
export function sameMetric(a: Metric, b: Metric): boolean {
  const names = Object.keys(a.dimensions);
  return a.namespace === b.namespace && a.name === b.name &&
    names.length === Object.keys(b.dimensions).length &&
    names.every((name) => a.dimensions[name] === b.dimensions[name]);
}

/** Converts a metric to the form that the SDK takes. */
export function sdkMetric(
  { namespace, name, dimensions }: Metric,
): { Namespace: string; MetricName: string; Dimensions: { Name: string; Value: string }[] } {
  return {
    Namespace: namespace,
    MetricName: name,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
  };
}
