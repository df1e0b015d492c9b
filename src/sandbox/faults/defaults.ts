/**
 * The faults that are on by default, because every real account has them.
 *
 * @module
 */

/**
 * The faults of a real account. Metrics: Datadog documents a delay of about 2 minutes for CloudWatch. Monitoring: EC2 user guide,
 * using-cloudwatch-new: basic unless enabled. Rate limits: see rate_limits.ts. Reads: EC2 developer guide, eventual consistency.
 * Boot CPU: EC2 Auto Scaling's "default instance warmup" exists for it. Subscribe: SNS API reference, "Unreachable Endpoint".
 */
export const DEFAULT_FAULTS: readonly string[] = [
  "metric-delay=90s",
  "basic-monitoring=on",
  "boot-cpu=100",
  "rate-limits=on",
  "read-lag=5s",
  "drain-lag=5s",
  "late-first-check=on",
  "check-endpoints=on",
];

/** The shortest and the longest time from `pending` to `running`, in ms of sandbox time. */
export const BOOT: readonly [number, number] = [30_000, 60_000];

/** The time from `stopping` to `stopped`, in ms of sandbox time. */
export const SHUTDOWN = 20_000;

/** The same two times in a kind sandbox, in ms of sandbox time. */
export const KIND_BOOT = 2_000;
export const KIND_SHUTDOWN = 1_000;
