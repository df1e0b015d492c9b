/**
 * The AWS SDK's clients for the sandbox, without src/aws.
 *
 * @module
 */
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { EC2Client } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import { SNSClient } from "@aws-sdk/client-sns";
import { Agent } from "node:http";

/** The four clients. Their disposal closes the connections. */
export interface Clients extends Disposable {
  readonly ec2: EC2Client;
  readonly elb: ElasticLoadBalancingClient;
  readonly cloudWatch: CloudWatchClient;
  readonly sns: SNSClient;
}

/** Creates clients of an endpoint. */
export function clients(endpoint: string, more: { readonly maxAttempts?: number } = {}): Clients {
  // Kept connections outlive destroy() in Deno 2.7.
  const requestHandler = { httpAgent: new Agent({ keepAlive: false }) };
  const config = {
    requestHandler,
    endpoint,
    region: "eu-west-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    ...more,
  };
  const all = {
    ec2: new EC2Client(config),
    elb: new ElasticLoadBalancingClient(config),
    cloudWatch: new CloudWatchClient(config),
    sns: new SNSClient(config),
  };
  return {
    ...all,
    [Symbol.dispose]: () => {
      for (const client of Object.values(all)) client.destroy();
    },
  };
}
