/**
 * The SDK clients of one AWS account. kas loads and creates each client at its first use.
 *
 * @module
 */
import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import type { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { RegionError } from "./errors.ts";
import { beforeChange, markErrors, type MiddlewareStack, pace, reportCalls } from "./middleware.ts";
import { Pacer } from "./sdk/pace.ts";
import { realRuntime } from "../runtime.ts";
import type { ClientConfig } from "./sdk/config.ts";
import type { Account } from "./account.ts";

export type { Account } from "./account.ts";

/**
 * The SDK clients of an account. Each attempt of a call has a time limit. Many functions in this folder take a
 * `signal`, which aborts their calls. Disposing closes the connections.
 */
export interface Aws extends Disposable {
  ec2(): Promise<EC2Client>;
  elb(): Promise<ElasticLoadBalancingClient>;
  elbv2(): Promise<ElasticLoadBalancingV2Client>;
  cloudWatch(): Promise<CloudWatchClient>;
  sns(): Promise<SNSClient>;
  sqs(): Promise<SQSClient>;
}

/**
 * Creates the clients of an account. This loads no SDK code and sends no request: the first use of a client does.
 *
 * The methods of the result reject with {@linkcode RegionError} if no region is set.
 */
export function connect(account: Account): Aws {
  const clients: Disposable[] = [];
  const pacer = new Pacer((account.runtime ?? realRuntime).clock);
  const paced = { reads: account.patience !== undefined, signal: account.signal };
  const config = once(async () => (await import("./sdk/config.ts")).clientConfig(account));

  function lazily<C extends SdkClient>(create: (config: ClientConfig) => Promise<C>): () => Promise<C> {
    return once(async () => {
      const client = await create(await config());
      clients.push({ [Symbol.dispose]: () => client.destroy() });
      markErrors(client.middlewareStack);
      if (account.beforeChange !== undefined) {
        beforeChange(client.middlewareStack, account.beforeChange);
      }
      pace(client.middlewareStack, pacer, paced);
      if (account.onCall !== undefined) reportCalls(client.middlewareStack, account.onCall);
      try {
        // Read the region now, so that a missing region fails here and not during the first call.
        await client.config.region();
      } catch (cause) {
        throw new RegionError({ cause });
      }
      return client;
    });
  }

  return {
    ec2: lazily(async (config) => new (await import("./sdk/ec2.ts")).EC2Client(config)),
    elb: lazily(async (config) => new (await import("./sdk/elb.ts")).ElasticLoadBalancingClient(config)),
    elbv2: lazily(async (config) =>
      new (await import("./sdk/elbv2.ts")).ElasticLoadBalancingV2Client(config)
    ),
    cloudWatch: lazily(async (config) => new (await import("./sdk/cloudwatch.ts")).CloudWatchClient(config)),
    sns: lazily(async (config) => new (await import("./sdk/sns.ts")).SNSClient(config)),
    sqs: lazily(async (config) => new (await import("./sdk/sqs.ts")).SQSClient(config)),
    [Symbol.dispose]: () => {
      for (const client of clients.splice(0)) client[Symbol.dispose]();
    },
  };
}

/** Returns the region of an account. Rejects with {@linkcode RegionError} if no region is set. */
export async function regionOf(aws: Aws): Promise<string> {
  return await (await aws.ec2()).config.region();
}

/** Returns the options of an SDK call that `signal` aborts. */
export function sendOptions(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** The part of the interface of all SDK clients that kas uses. */
interface SdkClient {
  readonly config: { readonly region: () => Promise<string> };
  readonly middlewareStack: MiddlewareStack;
  destroy(): void;
}

function once<T>(create: () => Promise<T>): () => Promise<T> {
  let created: Promise<T> | undefined;
  return () => created ??= create();
}
