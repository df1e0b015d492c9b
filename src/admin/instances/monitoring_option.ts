/**
 * `--monitoring`: how often EC2 publishes the metrics of the fleet's instances.
 *
 * @module
 */
import type { Monitoring } from "../../aws/ec2/ec2_instance.ts";
import { oneOf } from "../../cli/parsers.ts";

const KINDS = ["detailed", "basic"] as const satisfies Monitoring[];

/** `--monitoring KIND`. The price: about 7 metrics at $0.30 a month. Source: CloudWatch pricing, not verified for every region. */
export const MONITORING = {
  placeholder: "KIND",
  help: "detailed: metrics each minute, about $2.10 an instance and month; basic: each 5 minutes, free",
  default: "detailed",
  choices: KINDS,
  parse: oneOf(...KINDS),
} as const;
