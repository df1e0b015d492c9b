/**
 * `--monitoring`: how often EC2 publishes the metrics of the fleet's instances.
 *
 * @module
 */
import type { Monitoring } from "../../aws/ec2/ec2_instance.ts";
import { oneOf } from "../../cli/parsers.ts";

const KINDS = ["detailed", "basic"] as const satisfies Monitoring[];

/**
 * The option `--monitoring`. The price in its help is for 7 metrics at $0.30 a month each. Source: CloudWatch pricing; prices
 * differ
 * between regions.
 */
export const MONITORING = {
  placeholder: "KIND",
  help:
    "detailed: EC2 publishes metrics each minute, for about $2.10 per instance and month; basic: each 5 minutes, free",
  default: "detailed",
  choices: KINDS,
  parse: oneOf(...KINDS),
} as const;
