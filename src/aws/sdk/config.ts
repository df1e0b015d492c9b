/**
 * The configuration of the SDK clients: time limits, retries, and the credentials that the clients share.
 *
 * @module
 */
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { realRuntime } from "../../runtime.ts";
import type { Account } from "../account.ts";
import { credentialSource } from "./credentials.ts";
import { fetchHandler } from "./fetch_handler.ts";
import { Retry } from "./retry.ts";

/**
 * Time limit of one attempt of a call, from connecting to the end of the answer, in ms. The three attempts of a call
 * take at most half a minute.
 */
const TIME_LIMIT = 10_000;

/**
 * Time limit of a request to the instance metadata service, in ms. On an EC2 instance the service answers within a few
 * ms; elsewhere there is no such service.
 */
const METADATA_TIME_LIMIT = 500;

/** The configuration that the clients of one account share. */
export function clientConfig(
  { region, profile, endpointUrl, timeLimit = TIME_LIMIT, patience, signal, runtime = realRuntime }: Account,
): ClientConfig {
  const named = profile === undefined ? {} : { profile };
  return {
    ...named,
    ...(region === undefined ? {} : { region }),
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    credentials: credentialSource(
      () => defaultProvider({ ...named, timeout: METADATA_TIME_LIMIT, maxRetries: 0 }),
      { timeLimit, clock: runtime.clock },
    ),
    requestHandler: fetchHandler(timeLimit, runtime, signal),
    retryStrategy: new Retry(runtime, { patience, signal }),
    customUserAgent: "kas",
  };
}

/** The configuration that every client's constructor accepts. */
export interface ClientConfig {
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials: ReturnType<typeof defaultProvider>;
  readonly requestHandler: ReturnType<typeof fetchHandler>;
  readonly retryStrategy: Retry;
  readonly customUserAgent: string;
}
