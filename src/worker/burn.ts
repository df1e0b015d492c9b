/**
 * What a burn thread runs: the predecessor's integer loop, for a duration of wall time, until it is told to stop.
 *
 * @module
 */
/** What a burn thread is asked to do. */
export interface BurnRequest {
  /** The job's number, above 0. */
  readonly job: number;
  /** How long to burn, ms of wall time. */
  readonly ms: number;
  /** Shared with the pool: the number of a job that nobody waits for any more. */
  readonly cancelled: Int32Array;
}

/** What it answers. */
export interface Burned {
  /** The loop's integer: proof that the work was done. */
  readonly w: number;
  /** s of wall time that it took. */
  readonly seconds: number;
}

/**
 * Iterations between two looks at the clock: some 30 µs, so that a burn ends on time and the clock costs next to nothing.
 */
const STRIDE = 2_048;

/** Burns CPU for `ms` of wall time, or until `stopped` says so. */
export function burn(
  ms: number,
  stopped: () => boolean,
  now: () => number = () => performance.now(),
): Burned {
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

/** The part of a thread's global scope that is used here; the compiler's own types are those of the main thread. */
interface ThreadScope {
  onmessage: ((event: MessageEvent<BurnRequest>) => void) | null;
  postMessage(message: Burned): void;
}

/**
 * Answers each request in turn, at the priority of every other thread: a lower one gains /ping next to nothing (the
 * scheduler lets a thread that mostly sleeps go first), while a burn would overshoot where other processes are busy, by
 * 150 ms of 20 at niceness 19.
 */
function serve(scope: ThreadScope): void {
  scope.onmessage = ({ data: { job, ms, cancelled } }) => {
    scope.postMessage(burn(ms, () => Atomics.load(cancelled, 0) === job));
  };
}

if ("WorkerGlobalScope" in globalThis) serve(globalThis as unknown as ThreadScope);
