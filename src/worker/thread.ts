/**
 * A burn thread. The thread runs one job at a time. If the thread fails, the next job starts a new thread.
 *
 * @module
 */
import type { BurnRequest, BurnResult } from "./burn.ts";

/** Error: a burn thread failed during a job. */
export class BurnThreadError extends Error {
  override readonly name = "BurnThreadError";
}

/** Starts a thread that runs burn.ts without permissions. */
export function startThread(): Worker {
  return new Worker(new URL("./burn.ts", import.meta.url), {
    type: "module",
    name: "burn",
    deno: { permissions: "none" },
  });
}

/** Adds burn.ts to the module graph, so that a compiled kas contains burn.ts. kas never calls this function. */
export const inModuleGraph = (): Promise<unknown> => import("./burn.ts");

/** A thread that uses CPU. */
export class BurnThread implements Disposable {
  readonly #start: () => Worker;
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #worker: Worker | undefined;
  #job = 0;
  #settle: { resolve: (burned: BurnResult) => void; reject: (error: Error) => void } | undefined;

  constructor(start: () => Worker) {
    this.#start = start;
  }

  /** Starts the thread if it is not running. Starting the thread blocks the event loop for about 20 ms. */
  open(): Worker {
    return this.#worker ??= this.#opened();
  }

  /**
   * Uses CPU for `ms`, with one job at a time. Starts the thread if it is not running. When the signal aborts, the job ends early
   * and resolves with the result so far.
   *
   * @throws {BurnThreadError} if the thread fails
   */
  async burn(ms: number, signal: AbortSignal): Promise<BurnResult> {
    const worker = this.open();
    const { promise, resolve, reject } = Promise.withResolvers<BurnResult>();
    this.#settle = { resolve, reject };
    const job = ++this.#job;
    const cancel = () => Atomics.store(this.#cancelled, 0, job);
    signal.addEventListener("abort", cancel);
    if (signal.aborted) cancel();
    try {
      worker.postMessage({ job, ms, cancelled: this.#cancelled } satisfies BurnRequest);
      return await promise;
    } finally {
      this.#settle = undefined;
      signal.removeEventListener("abort", cancel);
    }
  }

  /** Ends the thread. Also sets the cancel flag, because `terminate()` does not stop a running loop. */
  [Symbol.dispose](): void {
    Atomics.store(this.#cancelled, 0, this.#job);
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#settle?.reject(new BurnThreadError("The burn thread has ended"));
  }

  #opened(): Worker {
    const worker = this.#start();
    worker.onmessage = ({ data }: MessageEvent<BurnResult>) => this.#settle?.resolve(data);
    worker.onerror = (event) => {
      // Without preventDefault(), an error in the thread would end the whole process.
      event.preventDefault();
      worker.terminate();
      // The next job starts a new thread. If every new thread fails, one request fails per thread, and there is no endless loop.
      if (this.#worker === worker) this.#worker = undefined;
      this.#settle?.reject(new BurnThreadError(`The burn thread failed: ${event.message}`));
    };
    return worker;
  }
}
