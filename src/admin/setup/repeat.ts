/**
 * Repeats a call that AWS refuses for some time.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { code, isNoGroup, isNotFound } from "../../aws/errors.ts";

/** When and how long to repeat a call. Times are in ms. */
export interface Patience {
  /** Returns whether AWS may accept the call later, although it has refused it with this error. */
  readonly isPassing: (error: unknown) => boolean;
  readonly timeout: number;
  readonly interval: number;
  /** Called before each wait. */
  readonly onWait?: () => void;
}

/** Makes a call, and repeats it while AWS refuses it with a passing error. Throws the last error after the timeout. */
export async function repeated<T>(
  call: () => Promise<T>,
  { isPassing, timeout, interval, onWait }: Patience,
  signal: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isPassing(error) || performance.now() >= deadline) throw error;
    }
    onWait?.();
    await delay(interval, undefined, { signal });
  }
}

/**
 * For a call that names a resource which kas has just created: another server of AWS may not know the resource yet. Source: EC2
 * developer guide, "Eventual consistency".
 */
export const AFTER_CREATION: Patience = {
  isPassing: (error) => isNotFound(error) || isNoGroup(error) || code(error) === "InvalidSecurityGroup",
  timeout: 30_000,
  interval: 1_000,
};
