/**
 * When a call to AWS is repeated: the SDK's standard mode, on the time and the dice of the runtime. The SDK's own class takes
 * both from the globals.
 *
 * Source: AWS SDKs and Tools Reference Guide, "Retry behavior"; `StandardRetryStrategy` of @smithy/core 3.41.
 *
 * @module
 */
import type { RetryErrorInfo, RetryStrategyV2, StandardRetryToken } from "@smithy/types";
import type { Runtime } from "../../runtime.ts";
import { isInsufficientCapacity } from "../errors.ts";

/** Attempts at a call, the first one included. */
const ATTEMPTS = 3;

/** The longest pause before the first retry, ms. The pause before each later retry may be twice as long. */
const PAUSE = { throttled: 1_000, other: 50 };

/** The longest pause before any retry, ms. */
const LONGEST_PAUSE = 20_000;

/** How much longer than its own pause a retry waits because AWS asks for it, ms. */
const LONGEST_HINT = 5_000;

/**
 * A client spends tokens on retries and earns them with calls that succeed, so that it stops repeating calls while AWS is
 * down for long.
 */
const TOKENS = { most: 500, throttled: 5, other: 14, earned: 1 };

/** The retries of the clients of one account. */
export class Retry implements RetryStrategyV2 {
  readonly mode = "standard";
  readonly #runtime: Pick<Runtime, "clock" | "random">;
  #tokens = TOKENS.most;

  constructor(runtime: Pick<Runtime, "clock" | "random">) {
    this.#runtime = runtime;
  }

  maxAttempts(): Promise<number> {
    return Promise.resolve(ATTEMPTS);
  }

  acquireInitialRetryToken(): Promise<StandardRetryToken> {
    return Promise.resolve(token(0));
  }

  /** Waits before a retry. Rejects if the call must not be repeated. */
  async refreshRetryTokenForRetry(
    before: StandardRetryToken,
    { error, errorType, retryAfterHint }: RetryErrorInfo,
  ): Promise<StandardRetryToken> {
    // EC2 reports a lack of capacity with a 500, but another instance is the better attempt (R7).
    if (isInsufficientCapacity(error)) throw new Error("Lack of capacity is not retried");
    const retries = before.getRetryCount();
    const cost = errorType === "THROTTLING" ? TOKENS.throttled : TOKENS.other;
    const mayPass = errorType === "THROTTLING" || errorType === "TRANSIENT";
    if (!mayPass || retries + 1 >= ATTEMPTS || this.#tokens < cost) {
      throw new Error("No retry token available");
    }
    this.#tokens -= cost;
    const { clock, random } = this.#runtime;
    const longest = errorType === "THROTTLING" ? PAUSE.throttled : PAUSE.other;
    const pause = Math.floor(random() * Math.min(longest * 2 ** retries, LONGEST_PAUSE));
    const asked = retryAfterHint === undefined
      ? 0
      : Math.min(retryAfterHint.getTime() - clock.now(), pause + LONGEST_HINT);
    await clock.sleep(Math.max(pause, asked));
    return token(retries + 1, cost);
  }

  recordSuccess(spent: StandardRetryToken): void {
    this.#tokens = Math.min(TOKENS.most, this.#tokens + (spent.getRetryCost() ?? TOKENS.earned));
  }
}

function token(retries: number, cost?: number): StandardRetryToken {
  return { getRetryCount: () => retries, getRetryDelay: () => 0, getRetryCost: () => cost };
}
