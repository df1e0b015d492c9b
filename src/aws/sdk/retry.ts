/**
 * Retries calls to AWS as the SDK's standard mode does, but with the clock and the randomness of the runtime. The SDK's
 * own class uses the global clock and randomness.
 *
 * Source: AWS SDKs and Tools Reference Guide, "Retry behavior"; `StandardRetryStrategy` of @smithy/core 3.41.
 *
 * @module
 */
import type { RetryErrorInfo, RetryStrategyV2, StandardRetryToken } from "@smithy/types";
import type { Runtime } from "../../runtime.ts";
import { isInsufficientCapacity, isThrottled } from "../errors.ts";

/** Maximum number of attempts of a call, including the first attempt. */
const ATTEMPTS = 3;

/** The longest pause before the first retry, in ms. The pause before each later retry may be twice as long. */
const PAUSE = { throttled: 1_000, other: 50 };

/** The longest pause before any retry, in ms. */
const LONGEST_PAUSE = 20_000;

/** AWS may request a longer pause than kas's own. kas then waits at most this much longer than its own pause, in ms. */
const LONGEST_HINT = 5_000;

/**
 * A limit on the retries of all calls: a retry takes tokens, and a successful call returns tokens. During a long outage
 * of AWS the tokens run out, and kas stops retrying.
 */
const TOKENS = { most: 500, throttled: 5, other: 14, earned: 1 };

/** The options of {@linkcode Retry}. */
export interface RetryOptions {
  /** How long a throttled call is repeated, in ms, whatever its attempts and tokens. */
  readonly patience?: number | undefined;
  /** Ends the pause before a retry. */
  readonly signal?: AbortSignal | undefined;
}

/** A token that knows when the call began, in ms of the clock's `elapsed`. */
interface Token extends StandardRetryToken {
  readonly begun: number;
}

/** The retries of the clients of one account. */
export class Retry implements RetryStrategyV2 {
  readonly mode = "standard";
  readonly #runtime: Pick<Runtime, "clock" | "random">;
  readonly #options: RetryOptions;
  #tokens = TOKENS.most;

  constructor(runtime: Pick<Runtime, "clock" | "random">, options: RetryOptions = {}) {
    this.#runtime = runtime;
    this.#options = options;
  }

  maxAttempts(): Promise<number> {
    return Promise.resolve(ATTEMPTS);
  }

  acquireInitialRetryToken(): Promise<Token> {
    return Promise.resolve(token(0, this.#runtime.clock.elapsed()));
  }

  /** Waits before a retry. Rejects if the call must not be repeated. */
  async refreshRetryTokenForRetry(
    before: Token,
    { error, errorType, retryAfterHint }: RetryErrorInfo,
  ): Promise<Token> {
    // EC2 reports insufficient capacity with HTTP status 500. Starting another instance is more likely to succeed (R7).
    if (isInsufficientCapacity(error)) throw new Error("Lack of capacity is not retried");
    const { clock, random } = this.#runtime;
    const { patience = 0, signal } = this.#options;
    const retries = before.getRetryCount();
    const throttled = errorType === "THROTTLING" || isThrottled(error);
    const isPatient = throttled && clock.elapsed() - before.begun < patience;
    const cost = isPatient ? 0 : throttled ? TOKENS.throttled : TOKENS.other;
    const mayPass = throttled || errorType === "TRANSIENT";
    if (!isPatient && (!mayPass || retries + 1 >= ATTEMPTS || this.#tokens < cost)) {
      throw new Error("No retry token available");
    }
    this.#tokens -= cost;
    const longest = throttled ? PAUSE.throttled : PAUSE.other;
    const pause = Math.floor(random() * Math.min(longest * 2 ** retries, LONGEST_PAUSE));
    const asked = retryAfterHint === undefined
      ? 0
      : Math.min(retryAfterHint.getTime() - clock.now(), pause + LONGEST_HINT);
    await clock.sleep(Math.max(pause, asked), signal);
    return token(retries + 1, before.begun, cost);
  }

  recordSuccess(spent: StandardRetryToken): void {
    this.#tokens = Math.min(TOKENS.most, this.#tokens + (spent.getRetryCost() ?? TOKENS.earned));
  }
}

function token(retries: number, begun: number, cost?: number): Token {
  return { begun, getRetryCount: () => retries, getRetryDelay: () => 0, getRetryCost: () => cost };
}
