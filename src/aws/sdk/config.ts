/**
 * How the five clients are set up: bounded in time, retried as AWS says, credentials looked up once for all.
 *
 * @module
 */
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { realRuntime } from "../../runtime.ts";
import type { Account } from "../clients.ts";
import { UnreachableError } from "../errors.ts";
import { fetchHandler } from "./fetch_handler.ts";
import { Retry } from "./retry.ts";

/** Longest wait for one attempt, connecting and reading the answer included, ms; three attempts make half a minute. */
const TIME_LIMIT = 10_000;

/** Longest wait for an answer of the instance metadata service, ms: it answers in a few, or isn't there. */
const METADATA_TIME_LIMIT = 500;

/** The settings that the clients of one account share. */
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
 * Bounds a provider of credentials in time. Some of the SDK's run a program or ask a server for as long as it likes, and no
 * signal of a call reaches them.
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

/** What every client's constructor takes. */
export interface ClientConfig {
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials: ReturnType<typeof defaultProvider>;
  readonly requestHandler: ReturnType<typeof fetchHandler>;
  readonly retryStrategy: Retry;
  readonly customUserAgent: string;
}
