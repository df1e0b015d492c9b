/**
 * The way to AWS: where it is, and the five clients, each loaded and made when first needed.
 *
 * @module
 */
import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import type { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { Runtime } from "../runtime.ts";
import {
  beforeChange,
  type Call,
  type MiddlewareStack,
  nameOperation,
  type Precondition,
  reportAttempts,
} from "./calls.ts";
import { RegionError } from "./errors.ts";
import type { ClientConfig } from "./sdk/config.ts";

/** Where AWS is and as whom to go there; what is absent is left to the SDK's own chain. */
export interface Account {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpointUrl?: string | undefined;
  /** Longest wait for one of the three attempts of a call, ms; 10,000 by default. */
  readonly timeLimit?: number;
  /** Ends every call that is under way, and those to come. */
  readonly signal?: AbortSignal;
  /** Awaited right before each request that may change something; where it rejects none is sent. */
  readonly beforeChange?: Precondition;
  /** Told of each request as it ends. */
  readonly onCall?: (call: Call) => void;
  /** The machine's own by default. */
  readonly runtime?: Pick<Runtime, "clock" | "random" | "fetch">;
}

/**
 * The clients of one account. Each call is bounded in time; `signal`, where a function takes one, ends it sooner. Disposing
 * of it closes the connections.
 */
export interface Aws extends Disposable {
  ec2(): Promise<EC2Client>;
  elb(): Promise<ElasticLoadBalancingClient>;
  elbv2(): Promise<ElasticLoadBalancingV2Client>;
  cloudWatch(): Promise<CloudWatchClient>;
  sns(): Promise<SNSClient>;
}

/**
 * Connects to an account; nothing is loaded or sent before the first call.
 *
 * The clients' promises reject with {@linkcode RegionError} where no region is set anywhere.
 */
export function connect(account: Account): Aws {
  const clients: Disposable[] = [];
  const config = once(async () => (await import("./sdk/config.ts")).clientConfig(account));

  /** A client, made once; its region is looked at here, where the SDK would do so in the midst of the first call. */
  function lazily<C extends SdkClient>(make: (config: ClientConfig) => Promise<C>): () => Promise<C> {
    return once(async () => {
      const client = await make(await config());
      clients.push({ [Symbol.dispose]: () => client.destroy() });
      client.middlewareStack.add(nameOperation, { step: "initialize", name: "nameErrors" });
      if (account.beforeChange !== undefined) {
        beforeChange(client.middlewareStack, account.beforeChange);
      }
      if (account.onCall !== undefined) {
        // Behind the retries and the signing, so that it sees each request by itself.
        client.middlewareStack.add(reportAttempts(account.onCall), {
          step: "finalizeRequest",
          priority: "low",
          name: "tellOf",
        });
      }
      try {
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
    [Symbol.dispose]: () => {
      for (const client of clients.splice(0)) client[Symbol.dispose]();
    },
  };
}

/** The options of one call of the SDK's. */
export function sendOptions(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** What the SDK's clients have in common, as far as it matters here. */
interface SdkClient {
  readonly config: { readonly region: () => Promise<string> };
  readonly middlewareStack: MiddlewareStack;
  destroy(): void;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}
