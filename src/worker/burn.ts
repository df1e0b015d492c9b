/**
 * The code of a burn thread, which uses CPU with the original server's integer loop for a given wall time.
 *
 * @module
 */
/** A request to a burn thread to use CPU. */
export interface BurnRequest {
  /** Number of the job, greater than 0. */
  readonly job: number;
  /** How long the thread uses CPU, in ms of wall time. */
  readonly ms: number;
  /** Number of the cancelled job, in memory that the thread shares with the pool. */
  readonly cancelled: Int32Array;
}

/** The result of a burn job. */
export interface BurnResult {
  /** Final integer of the loop. It proves that the thread ran the loop. */
  readonly w: number;
  /** Duration of the job in seconds of wall time. */
  readonly seconds: number;
}

/** Loop iterations between two readings of the clock, which take about 30 µs. Jobs end on time, and readings cost little CPU. */
const STRIDE = 2_048;

/** Uses CPU for `ms` of wall time, or until `stopped` returns true. */
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

/** The parts of a thread's global scope that this module uses. TypeScript knows only the main thread's scope. */
interface ThreadScope {
  onmessage: ((event: MessageEvent<BurnRequest>) => void) | null;
  postMessage(message: BurnResult): void;
}

/**
 * Processes the requests to a burn thread in order. The thread keeps the normal priority. A lower priority hardly makes /ping
 * faster, because the scheduler already prefers threads that mostly sleep. But a lower priority makes jobs take longer on a busy
 * host: at niceness 19, a job of 20 ms took 150 ms longer.
 */
function serve(scope: ThreadScope): void {
  scope.onmessage = ({ data: { job, ms, cancelled } }) => {
    scope.postMessage(burn(ms, () => Atomics.load(cancelled, 0) === job));
  };
}

if ("WorkerGlobalScope" in globalThis) serve(globalThis as unknown as ThreadScope);
