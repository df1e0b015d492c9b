/**
 * The faults that are on by default. They imitate the delays and limits of a real AWS account.
 *
 * @module
 */

/**
 * The delays and limits of a real account. Sources: for the metric delay, Datadog's documentation (about 2 minutes);
 * for basic monitoring, EC2 user guide, using-cloudwatch-new; for the rate limits, see rate_limits.ts; for the age of
 * reads, EC2 developer guide, eventual consistency; for the CPU after a boot, EC2 Auto Scaling user guide, default
 * instance warmup; for Subscribe, SNS API reference, "Unreachable Endpoint". AWS documents no time for the first status
 * check; about 3 minutes are common. For Network Load Balancers, aws-load-balancer-controller issue 1834: AWS's support names 3 to 5
 * minutes for a registration and for a deregistration. For the security groups of deleted load balancers, terraform issue 3758: some
 * minutes. AWS documents no time for the provisioning; about 2 minutes are common.
 */
export const DEFAULT_FAULTS: readonly string[] = [
  "metric-delay=90s",
  "basic-monitoring=on",
  "boot-cpu=100",
  "status-delay=180s",
  "rate-limits=on",
  "read-lag=5s",
  "drain-lag=5s",
  "nlb-lag=180s",
  "provisioning=120s",
  "deletion-lag=60s",
  "late-first-check=on",
  "check-endpoints=on",
];

/** The shortest and the longest time from `pending` to `running`, in ms of sandbox time. */
export const BOOT: readonly [number, number] = [30_000, 60_000];

/** The time from `stopping` to `stopped`, in ms of sandbox time. */
export const SHUTDOWN = 20_000;

/** The times for boot and shutdown with the option `kind`, in ms of sandbox time. */
export const KIND_BOOT = 2_000;
export const KIND_SHUTDOWN = 1_000;
