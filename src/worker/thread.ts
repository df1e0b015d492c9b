/**
 * One burn thread as the pool sees it: takes one job at a time, and is started anew for the next job after it died.
 *
 * @module
 */
import type { Burned, BurnRequest } from "./burn.ts";

/** A burn thread that died while it worked for a request. */
export class BurnThreadError extends Error {
  override readonly name = "BurnThreadError";
}

/** Starts a thread that runs burn.ts. It may do nothing but compute. */
export function startThread(): Worker {
  return new Worker(new URL("./burn.ts", import.meta.url), {
    type: "module",
    name: "burn",
    deno: { permissions: "none" },
  });
}

/** Never called: it puts burn.ts in the module graph, without which a compiled kas lacks it. */
export const inModuleGraph = (): Promise<unknown> => import("./burn.ts");

/** A burn thread. */
export class BurnThread implements Disposable {
  readonly #start: () => Worker;
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #worker: Worker | undefined;
  #job = 0;
  #settle: { resolve: (burned: Burned) => void; reject: (error: Error) => void } | undefined;

  constructor(start: () => Worker) {
    this.#start = start;
  }

  /** Starts the thread, if it isn't there. It takes some 20 ms, in which this thread does nothing else. */
  open(): Worker {
    return this.#worker ??= this.#opened();
  }

  /**
   * Burns for `ms`; only one at a time. Where the thread isn't there it is started first. When the signal aborts the burn
   * ends early, and resolves with what it had.
   *
   * @throws {BurnThreadError} if the thread died of it
   */
  async burn(ms: number, signal: AbortSignal): Promise<Burned> {
    const worker = this.open();
    const { promise, resolve, reject } = Promise.withResolvers<Burned>();
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

  /** Ends the thread. `terminate()` alone would leave a burning loop burning for ever. */
  [Symbol.dispose](): void {
    Atomics.store(this.#cancelled, 0, this.#job);
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#settle?.reject(new BurnThreadError("The burn thread was ended"));
  }

  #opened(): Worker {
    const worker = this.#start();
    worker.onmessage = ({ data }: MessageEvent<Burned>) => this.#settle?.resolve(data);
    worker.onerror = (event) => {
      // Unprevented, it would end the whole process.
      event.preventDefault();
      worker.terminate();
      // The next job starts another: a thread that dies at its start costs one answer each, and never loops.
      if (this.#worker === worker) this.#worker = undefined;
      this.#settle?.reject(new BurnThreadError(`The burn thread died: ${event.message}`));
    };
    return worker;
  }
}
