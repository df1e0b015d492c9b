/**
 * The code that a burn thread runs. The thread uses CPU for a given wall time, with the integer loop of the server that kas
 * replaces.
 *
 * @module
 */
/** A request to a burn thread to use CPU. */
export interface BurnRequest {
  /** Number of the job, greater than 0. */
  readonly job: number;
  /** How long the thread uses CPU, in ms of wall time. */
  readonly ms: number;
  /** Shared memory in which the main thread writes the number of the job to cancel. */
  readonly cancelled: Int32Array;
}

/** The result of a burn job. */
export interface BurnResult {
  /** Final integer of the loop. It proves that the thread ran the loop. */
  readonly w: number;
  /** Duration of the job in seconds of wall time. */
  readonly seconds: number;
}

/** Number of loop iterations between two readings of the clock. These iterations take about 30 µs, so that jobs end on time. */
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
 * Processes the requests to a burn thread in order.
 *
 * The thread has normal priority. A lower priority would hardly make /ping faster, because the scheduler already prefers threads
 * that
 * mostly sleep. On a busy host, a lower priority would make jobs slower: at niceness 19, a job of 20 ms took 150 ms longer.
 */
function serve(scope: ThreadScope): void {
  scope.onmessage = ({ data: { job, ms, cancelled } }) => {
    scope.postMessage(burn(ms, () => Atomics.load(cancelled, 0) === job));
  };
}

if ("WorkerGlobalScope" in globalThis) serve(globalThis as unknown as ThreadScope);
