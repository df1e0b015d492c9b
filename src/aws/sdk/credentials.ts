/**
 * The source of an account's credentials: the SDK's chain of providers with a time limit, which keeps credentials that
 * are still valid while their source fails.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../runtime.ts";
import { CredentialsError } from "../errors.ts";

const log = getLogger(["kas", "aws"]);

/** The used part of the SDK's credentials. */
export interface ExpiringCredentials {
  readonly expiration?: Date;
}

/** Returns the credentials. */
type Provider<C> = (options?: { readonly forceRefresh?: boolean }) => Promise<C>;

/** The time limits and the clock of a provider. */
export interface SourceOptions {
  /** Limit of one attempt, in ms. */
  readonly timeLimit: number;
  readonly clock: Pick<Clock, "now" | "elapsed">;
}

/** How long the source is left alone after a failure while the last credentials are valid, in ms. */
const PAUSE = 10_000;

/**
 * Creates a provider that limits the time of another one, and returns the last credentials until they expire if it
 * fails. Some of the SDK's providers run a program or call a server without a time limit, and a call's signal does not
 * reach them.
 *
 * It rejects with {@linkcode CredentialsError}, whose cause is the provider's error. So an error of STS does not pass
 * for an error of the call that needs the credentials.
 *
 * @param create creates the other provider. A failed one is replaced: the SDK's chain would wait for a hanging
 *   attempt forever.
 */
export function credentialSource<C extends ExpiringCredentials>(
  create: () => Provider<C>,
  { timeLimit, clock }: SourceOptions,
): Provider<C> {
  let provider: Provider<C> | undefined;
  let last: C | undefined;
  let failedAt = -Infinity;
  return async (options) => {
    const valid = last?.expiration !== undefined && last.expiration.getTime() > clock.now()
      ? last
      : undefined;
    if (valid !== undefined && clock.elapsed() - failedAt < PAUSE) return valid;
    try {
      provider ??= create();
      last = await inTime(provider(options), timeLimit);
      failedAt = -Infinity;
      return last;
    } catch (cause) {
      provider = undefined;
      failedAt = clock.elapsed();
      const message = cause instanceof Error ? cause.message : String(cause);
      if (valid === undefined) {
        throw cause instanceof CredentialsError ? cause : new CredentialsError(message, { cause });
      }
      log.warn("credentials not renewed: {reason}", {
        reason: message,
        expire: valid.expiration?.toISOString(),
      });
      return valid;
    }
  };
}

async function inTime<C>(credentials: Promise<C>, timeLimit: number): Promise<C> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new CredentialsError(`their source did not answer within ${timeLimit / 1_000} s`)),
    timeLimit,
  );
  try {
    return await Promise.race([credentials, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
