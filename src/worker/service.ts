/**
 * The worker service: an HTTP server with a pool of burn threads.
 *
 * @module
 */
import { serveHttp } from "../process/http/serve.ts";
import type { HostPort } from "../cli/parsers.ts";
import { workerHandler } from "./handler.ts";
import { BurnPool } from "./pool.ts";
import { VERSION } from "../build/version.ts";

/** Options of a worker. */
export interface WorkerOptions {
  readonly listen: HostPort;
  /** How many burns run at the same time. */
  readonly threads: number;
  /** How many /work requests may wait before the worker answers 503. */
  readonly queue: number;
  /** The minimum and maximum duration of one /work burn, in ms of wall time. */
  readonly workMs: readonly [number, number];
  /** Called with each error that is answered with 500. */
  readonly onFailure: (error: unknown) => void;
}

/** A running worker. Disposing of it cancels requests in progress; {@linkcode Worker.drain} finishes them. */
export interface Worker extends AsyncDisposable {
  /** The address that it listens on. */
  readonly address: HostPort;
  /** Starts the burn threads before the first /work needs them. */
  warmUp(): void;
  /**
   * Stops accepting requests and finishes the accepted ones, for at most `ms`.
   *
   * @returns how many /work requests were cancelled at the timeout
   */
  drain(ms: number): Promise<number>;
}

/** Starts a worker. Throws `Deno.errors.AddrInUse` or similar if it cannot listen. */
export function startWorker({ listen, onFailure, ...pooling }: WorkerOptions): Worker {
  let closing = false;
  const aborter = new AbortController();
  const report = (error: unknown) => closing || onFailure(error);
  const server = serveHttp(
    { ...listen, signal: aborter.signal, onFailure: report },
    workerHandler({
      full: () => pool.full,
      burn: (signal) => pool.burn(signal),
      onFailure: report,
      version: VERSION,
    }),
  );
  // After Deno.serve, so that an address in use leaves no threads behind. No request is handled before this line.
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

/** Waits for a promise for at most `ms`. */
async function within(ms: number, promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
