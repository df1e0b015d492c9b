/**
 * The way to AWS: where it is, and the four clients, each made when first needed.
 *
 * @module
 */
import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import type { SNSClient } from "@aws-sdk/client-sns";

/** Where AWS is and as whom to go there; what is absent is left to the SDK's own chain. */
export interface Account {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpointUrl?: string | undefined;
}

/** The clients of one account. Each call is bounded in time; `signal`, where a function takes one, ends it sooner. */
export interface Aws extends Disposable {
  ec2(): Promise<EC2Client>;
  elb(): Promise<ElasticLoadBalancingClient>;
  cloudWatch(): Promise<CloudWatchClient>;
  sns(): Promise<SNSClient>;
}

/** Connects to an account; nothing is loaded or sent before the first call. */
export function connect(_account: Account): Aws {
  throw new Error("not yet");
}
