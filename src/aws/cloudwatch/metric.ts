/**
 * The metrics of CloudWatch's that alarms watch.
 *
 * @module
 */

/** What CloudWatch knows a metric by. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  /** Values by name. */
  readonly dimensions: Readonly<Record<string, string>>;
}

/** The CPU of an instance, percent. Source: EC2 user guide, "CloudWatch metrics that are available for your instances". */
export function cpuOf(instance: string): Metric {
  return { namespace: "AWS/EC2", name: "CPUUtilization", dimensions: { InstanceId: instance } };
}

/** Whether two are the same. */
export function sameMetric(a: Metric, b: Metric): boolean {
  const names = Object.keys(a.dimensions);
  return a.namespace === b.namespace && a.name === b.name &&
    names.length === Object.keys(b.dimensions).length &&
    names.every((name) => a.dimensions[name] === b.dimensions[name]);
}
