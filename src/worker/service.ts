/**
 * The worker service: an HTTP server and a pool of burn threads.
 *
 * @module
 */
import { serveHttp } from "../process/http/serve.ts";
import type { HostPort } from "../cli/parsers.ts";
import { workerHandler } from "./handler.ts";
import { openMachineCpu } from "./machine_cpu.ts";
import { exposition, type WorkOutcome } from "./metrics.ts";
import { BurnPool } from "./pool.ts";
import { VERSION } from "../build/version.ts";

/** Options of {@linkcode startWorker}. */
export interface WorkerOptions {
  readonly listen: HostPort;
  /** Maximum number of burn jobs that run at the same time. */
  readonly threads: number;
  /** Maximum number of /work requests that wait for a thread. The worker answers further requests with status 503. */
  readonly queue: number;
  /** Minimum and maximum duration of the burn job of a /work request, in ms of wall time. */
  readonly workMs: readonly [number, number];
  /** Callback for each error that causes a response with status 500. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * A running worker. Its disposal cancels the requests in progress. {@linkcode Worker.drain} waits until these requests are
 * finished.
 */
export interface Worker extends AsyncDisposable {
  /** Address and port on which the worker listens. */
  readonly address: HostPort;
  /** Starts the burn threads before the first /work request needs them. */
  warmUp(): void;
  /**
   * Stops accepting requests, and waits at most `ms` until the accepted requests are finished.
   *
   * @returns the number of /work requests that are not finished after `ms`
   */
  drain(ms: number): Promise<number>;
}

/** Starts a worker. Throws `Deno.errors.AddrInUse` or a similar error if the worker cannot listen on the address. */
export function startWorker({ listen, onFailure, ...pooling }: WorkerOptions): Worker {
  let closing = false;
  const aborter = new AbortController();
  const report = (error: unknown) => closing || onFailure(error);
  const ended: Record<WorkOutcome, number> = { served: 0, refused: 0, failed: 0, cancelled: 0 };
  const server = serveHttp(
    { ...listen, signal: aborter.signal, onFailure: report },
    workerHandler({
      full: () => pool.full,
      burn: (signal) => pool.burn(signal),
      onFailure: report,
      onEnd: (outcome) => ended[outcome]++,
      metrics: () => {
        const { burning: inProgress, waiting } = pool;
        return exposition({ version: VERSION, ended, inProgress, waiting, threads: pooling.threads }, cpu);
      },
      version: VERSION,
    }),
  );
  // The pool starts after Deno.serve, so that no threads remain if the address is in use.
  const pool = new BurnPool(pooling);
  const cpu = openMachineCpu();

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
      cpu[Symbol.dispose]();
      if (draining === undefined) aborter.abort();
      await (draining === undefined ? server.finished : within(0, draining));
    },
  };
}

/** Waits at most `ms` until a promise resolves. */
async function within(ms: number, promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
