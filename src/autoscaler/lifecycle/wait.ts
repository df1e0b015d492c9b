/**
 * Waits for a condition at AWS or at an instance. The first attempt is immediate, and each pause until the next attempt is
 * longer. So a wait ends soon after the condition is met (R17). The pauses of concurrent waits end at the same times, so that
 * their requests to AWS share calls (`aws/many/gather.ts`).
 *
 * @module
 */
import type { Runtime } from "../../runtime.ts";

/** The first pause between two attempts, in ms. Each later pause is twice as long, up to the wait's own limit. */
const FIRST_PAUSE = 50;

/** The shortest time between two attempts, as a share of the pause. */
const SHORTEST = 0.1;

/** A condition was not met before the deadline. If the last attempt failed with an error, `cause` is this error. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/** Options of a wait. Times are in ms. */
export interface WaitOptions {
  /** The error message at the deadline, for example "i-1 did not start to run". */
  readonly failure: string;
  /** The time until the deadline. */
  readonly timeout: number;
  /** The longest pause between two attempts. The first pause of this length may be up to a tenth longer. */
  readonly pace: number;
  /** Ends the wait. The promise then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly runtime: Pick<Runtime, "clock">;
  /** Returns whether an error of an attempt ends the wait. After any other error, further attempts follow. */
  readonly isFatal: (error: unknown) => boolean;
}

/**
 * Makes attempts until one returns a value, and returns the value.
 *
 * @throws {DeadlineError} if no attempt returns a value in time
 */
export async function until<T>(attempt: () => Promise<T | undefined>, wait: WaitOptions): Promise<T> {
  const { signal, runtime: { clock } } = wait;
  const deadline = clock.elapsed() + wait.timeout;
  let pause = Math.min(FIRST_PAUSE, wait.pace);
  while (true) {
    let cause: unknown;
    signal.throwIfAborted();
    try {
      const result = await attempt();
      if (result !== undefined) return result;
    } catch (error) {
      signal.throwIfAborted();
      if (wait.isFatal(error)) throw error;
      cause = error;
    }
    const now = clock.elapsed();
    const left = deadline - now;
    if (left <= 0) {
      const seconds = Math.round(wait.timeout / 100) / 10;
      throw new DeadlineError(`${wait.failure} within ${seconds} s`, { cause });
    }
    // The next multiple of the pause on the process's clock, which all waits share.
    const next = Math.ceil(now / pause + SHORTEST) * pause;
    // Limit the last pause, so that the last attempt happens at the deadline.
    await clock.sleep(Math.min(next - now, left), signal);
    pause = Math.min(pause * 2, wait.pace);
  }
}
