/**
 * The code of a burn thread: the original server's integer loop, for a duration of wall time or until it is cancelled.
 *
 * @module
 */
/** A request to a burn thread. */
export interface BurnRequest {
  /** The job's number, greater than 0. */
  readonly job: number;
  /** How long to burn CPU, in ms of wall time. */
  readonly ms: number;
  /** Shared with the pool: the number of the job that is cancelled. */
  readonly cancelled: Int32Array;
}

/** The result of a burn. */
export interface BurnResult {
  /** The loop's integer, which proves that the work was done. */
  readonly w: number;
  /** The duration in s of wall time. */
  readonly seconds: number;
}

/** Iterations between two reads of the clock: about 30 µs. The burn ends on time, and the clock costs little. */
const STRIDE = 2_048;

/** Burns CPU for `ms` of wall time, or until `stopped` returns true. */
export function burn(
  ms: number,
  stopped: () => boolean,
  now: () => number = () => performance.now(),
): BurnResult {
  const begin = now();
  const end = begin + ms;
  let w = 0;
  let i = 0;
  let time = begin;
  while (time < end && !stopped()) {
    for (const next = i + STRIDE; i < next; i++) {
      w = w ^ i;
      w = (w * i) % 65_536;
    }
    time = now();
  }
  return { w, seconds: (time - begin) / 1_000 };
}

/** The used part of a thread's global scope. TypeScript knows only the main thread's scope. */
interface ThreadScope {
  onmessage: ((event: MessageEvent<BurnRequest>) => void) | null;
  postMessage(message: BurnResult): void;
}

/**
 * Answers each request in turn. The thread keeps the normal priority. A lower priority hardly helps /ping, because the
 * scheduler already prefers threads that mostly sleep, but it makes burns overshoot on a busy machine: by 150 ms at niceness
 * 19, for a burn of 20 ms.
 */
function serve(scope: ThreadScope): void {
  scope.onmessage = ({ data: { job, ms, cancelled } }) => {
    scope.postMessage(burn(ms, () => Atomics.load(cancelled, 0) === job));
  };
}

if ("WorkerGlobalScope" in globalThis) serve(globalThis as unknown as ThreadScope);
