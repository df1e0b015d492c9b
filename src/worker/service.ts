/**
 * The worker: an HTTP server before a pool of burn threads, from the first request to the last.
 *
 * @module
 */
import type { HostPort } from "../settings/table.ts";
import { workerHandler } from "./handler.ts";
import { BurnPool } from "./pool.ts";
import { VERSION } from "../version.ts";

/** What a worker is started with. */
export interface WorkerOptions {
  readonly listen: HostPort;
  /** How many burn at the same time. */
  readonly threads: number;
  /** How many /work requests may wait for a thread before 503. */
  readonly queue: number;
  /** Least and most ms of wall time that one /work burns. */
  readonly workMs: readonly [number, number];
  /** Told of an error that was answered 500. */
  readonly failed: (error: unknown) => void;
}

/** A worker that serves. Disposing of it cuts off what is under way; see {@linkcode Worker.drain}. */
export interface Worker extends AsyncDisposable {
  /** Where it listens. */
  readonly address: HostPort;
  /** Starts the burn threads ahead of the first /work. */
  warmUp(): void;
  /**
   * Accepts no more and finishes what was accepted, for at most `ms`.
   *
   * @returns how many /work requests were cut off: 0 unless the time was not enough
   */
  drain(ms: number): Promise<number>;
}

/** Starts a worker. Throws `Deno.errors.AddrInUse` and its like where it can't listen. */
export function startWorker({ listen, failed, ...pooling }: WorkerOptions): Worker {
  let closing = false;
  const aborter = new AbortController();
  const server = Deno.serve(
    { ...listen, signal: aborter.signal, onListen: () => {} },
    workerHandler({
      full: () => pool.full,
      burn: (signal) => pool.burn(signal),
      failed: (error) => closing || failed(error),
      version: VERSION,
    }),
  );
  // After the socket, that an address in use leaves no threads behind; no request is handled before this line.
  const pool = new BurnPool(pooling);

  let draining: Promise<void> | undefined;
  return {
    address: { hostname: server.addr.hostname, port: server.addr.port },
    warmUp: () => pool.warmUp(),
    drain: async (ms) => {
      draining ??= server.shutdown();
      await within(ms, draining);
      return pool.burning + pool.waiting;
    },
    [Symbol.asyncDispose]: async () => {
      closing = true;
      pool[Symbol.dispose]();
      if (draining === undefined) aborter.abort();
      await (draining === undefined ? server.finished : within(0, draining));
    },
  };
}

/** Waits for a promise, though no longer than `ms`. */
async function within(ms: number, promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
