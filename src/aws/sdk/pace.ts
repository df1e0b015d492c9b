/**
 * The pace of the requests to AWS. AWS limits how many requests for an operation an account may make each second, and other tools
 * of the account use the same limit. So kas does not know its share: it measures it.
 *
 * @module
 */
import type { Clock } from "../../runtime.ts";

/** The interval after the first throttled request, in ms. AWS's lowest limits, 2 or 3 requests a second, take six doublings. */
const FIRST_INTERVAL = 10;

/** The longest interval, in ms. */
const LONGEST_INTERVAL = 5_000;

/** An interval below this one is no interval, in ms. */
const SHORTEST_INTERVAL = 1;

/** A throttled request doubles the interval. A successful one shortens it to this share, so that kas finds a higher limit again. */
const RECOVERY = 0.95;

/** The pace of one operation. Times in ms of the clock. */
interface Pace {
  /** The time between two requests. */
  interval: number;
  /** The time of the next request. */
  next: number;
  /** The last time that the interval was doubled. */
  slowedAt: number;
}

/**
 * The pace of each operation. Requests are not paced until AWS throttles one. From then on they keep an interval that doubles with
 * each throttled request and shrinks with each successful one.
 */
export class Pacer {
  readonly #clock: Pick<Clock, "elapsed" | "sleep">;
  readonly #paces = new Map<string, Pace>();

  constructor(clock: Pick<Clock, "elapsed" | "sleep">) {
    this.#clock = clock;
  }

  /** Waits until the next request for an operation may be sent, and returns the time. Rejects with the signal's reason. */
  async turn(operation: string, signal?: AbortSignal): Promise<number> {
    const pace = this.#paces.get(operation);
    if (pace !== undefined) {
      const now = this.#clock.elapsed();
      const at = Math.max(now, pace.next);
      pace.next = at + pace.interval;
      if (at > now) await this.#clock.sleep(at - now, signal);
    }
    return this.#clock.elapsed();
  }

  /** Slows an operation down, after AWS throttled a request that was sent at a time. */
  throttled(operation: string, sentAt: number): void {
    const pace = this.#paces.get(operation);
    // AWS may throttle several requests that were sent at once. They slow the operation down only once.
    if (pace !== undefined && sentAt < pace.slowedAt) return;
    const now = this.#clock.elapsed();
    const interval = Math.min(LONGEST_INTERVAL, Math.max(FIRST_INTERVAL, 2 * (pace?.interval ?? 0)));
    this.#paces.set(operation, { interval, next: now + interval, slowedAt: now });
  }

  /** Speeds an operation up a little, after a request that AWS accepted. */
  accepted(operation: string): void {
    const pace = this.#paces.get(operation);
    if (pace === undefined) return;
    pace.interval *= RECOVERY;
    if (pace.interval < SHORTEST_INTERVAL) this.#paces.delete(operation);
  }
}
