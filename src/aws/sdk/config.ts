/**
 * The configuration of the SDK clients: time limits, retries, shared credentials.
 *
 * @module
 */
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { realRuntime } from "../../runtime.ts";
import type { Account } from "../account.ts";
import { UnreachableError } from "../errors.ts";
import { fetchHandler } from "./fetch_handler.ts";
import { Retry } from "./retry.ts";

/** Limit of one attempt from connecting to the end of the answer, ms. Three attempts take half a minute at most. */
const TIME_LIMIT = 10_000;

/** Limit of a request to the instance metadata service, ms. The service answers in a few ms or does not exist. */
const METADATA_TIME_LIMIT = 500;

/** The configuration that the clients of one account share. */
export function clientConfig(
  { region, profile, endpointUrl, timeLimit = TIME_LIMIT, signal, runtime = realRuntime }: Account,
): ClientConfig {
  const named = profile === undefined ? {} : { profile };
  return {
    ...named,
    ...(region === undefined ? {} : { region }),
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    credentials: withTimeLimit(
      timeLimit,
      defaultProvider({ ...named, timeout: METADATA_TIME_LIMIT, maxRetries: 0 }),
    ),
    requestHandler: fetchHandler(timeLimit, runtime, signal),
    retryStrategy: new Retry(runtime),
    customUserAgent: "kas",
  };
}

/**
 * Limits the time of a credential provider. Some of the SDK's providers run a program or call a server without a
 * time limit, and a call's signal does not reach them.
 */
export function withTimeLimit<O, C>(
  timeLimit: number,
  provide: (options?: O) => Promise<C>,
): (options?: O) => Promise<C> {
  return async (options) => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new UnreachableError(`no credentials within ${timeLimit / 1_000} s`)),
      timeLimit,
    );
    try {
      return await Promise.race([provide(options), late.promise]);
    } finally {
      clearTimeout(timer);
    }
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
