/**
 * Waiting for something outside of this process: it looks at once and then less and less often, until a deadline. It never
 * sleeps for a fixed time (R17).
 *
 * @module
 */
import type { Runtime } from "../../runtime.ts";

/** The first pause between two attempts, ms. */
const FIRST_PAUSE = 50;

/** Something did not happen in time. `cause` is the error of the last attempt, if that failed. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/** How to wait. Times are ms. */
export interface WaitOptions {
  /** What to report at the deadline: "i-1 did not start to run". */
  readonly failure: string;
  /** The longest time to wait. */
  readonly timeout: number;
  /** The longest pause between two attempts. */
  readonly pace: number;
  /** Ends the wait with its reason. */
  readonly signal: AbortSignal;
  readonly runtime: Pick<Runtime, "clock" | "random">;
  /** Whether an error ends the wait. After any other error it tries again. */
  readonly isFatal: (error: unknown) => boolean;
}

/**
 * Tries until an attempt returns something, and returns that.
 *
 * @throws {DeadlineError} if no attempt does in time
 */
export async function until<T>(attempt: () => Promise<T | undefined>, wait: WaitOptions): Promise<T> {
  const { signal, runtime: { clock, random } } = wait;
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
    const left = deadline - clock.elapsed();
    if (left <= 0) {
      const seconds = Math.round(wait.timeout / 100) / 10;
      throw new DeadlineError(`${wait.failure} within ${seconds} s`, { cause });
    }
    // The last attempt is at the deadline, not before it.
    await clock.sleep(Math.min(pause * (0.9 + random() * 0.2), left), signal);
    pause = Math.min(pause * 1.5, wait.pace);
  }
}
