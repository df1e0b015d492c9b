/**
 * The source of an account's credentials: the SDK's chain of credential providers, with a time limit. While the chain
 * fails, the last credentials remain in use until they expire.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../runtime.ts";
import { CredentialsError } from "../errors.ts";

const log = getLogger(["kas", "aws"]);

/** The part of the SDK's credentials that kas uses. */
export interface ExpiringCredentials {
  readonly expiration?: Date;
}

/** A credential provider of the SDK: returns the credentials. */
type Provider<C> = (options?: { readonly forceRefresh?: boolean }) => Promise<C>;

/** The time limits and the clock of a provider. */
export interface SourceOptions {
  /** How long a provider may take to return the credentials, in ms. */
  readonly timeLimit: number;
  readonly clock: Pick<Clock, "now" | "elapsed">;
}

/**
 * How long kas waits after a failure before it asks the source again, in ms. kas waits only while the last credentials
 * are valid.
 */
const PAUSE = 10_000;

/**
 * Creates a provider that runs another provider with a time limit. If the other provider fails, the new one returns the
 * last credentials until they expire. Some of the SDK's providers run a program or call a server without a time limit,
 * and the signal of an AWS call does not stop them.
 *
 * The new provider rejects with {@linkcode CredentialsError}, whose cause is the other provider's error. So the caller
 * can tell an error of STS from an error of the call that needs the credentials.
 *
 * @param create creates the other provider. After each failure kas creates it again, because the SDK's chain would wait
 *   forever for an attempt that hangs.
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
    () =>
      late.reject(
        new CredentialsError(`the source of the credentials did not answer within ${timeLimit / 1_000} s`),
      ),
    timeLimit,
  );
  try {
    return await Promise.race([credentials, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
