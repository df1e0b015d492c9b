/**
 * The services of a lab's fleet without a load balancer: each machine takes one job after another from a queue that is never empty. A
 * machine that stops during a job loses the job.
 *
 * @module
 */
import type { VirtualTime } from "./virtual_time.ts";

/** Where the services take requests to drain. */
export const DRAIN = { port: 8_080, path: "/drain" } as const;

/** How long a job takes, in ms. */
const JOB = 45_000;

/** A service that runs. */
interface Worker {
  isDraining: boolean;
  /** The end of the present job. Undefined if the service has no job. */
  job: Disposable | undefined;
  /** Whether the process has ended. */
  hasExited: boolean;
}

/** How the services behave. An instance that is in none of the sets drains, exits when it has drained, and can be cancelled before. */
export class QueueWorkers {
  /** The instances that answer each request to drain with 503. */
  readonly refusing = new Set<string>();
  /** The instances that do not take work again after a request to drain. */
  readonly final = new Set<string>();
  /** The instances whose process goes on when they have drained. */
  readonly lasting = new Set<string>();
  /** The number of finished jobs. */
  finished = 0;
  /** The instances that stopped during a job, in order. */
  readonly lost: string[] = [];
  /** The requests to drain, such as `POST i-1 202`, in order. Repetitions of a request are left out. */
  readonly requests: string[] = [];
  readonly #time: VirtualTime;
  /** The instances whose jobs never end. */
  readonly #endless = new Set<string>();
  readonly #workers = new Map<string, Worker>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Must be called when an instance runs. */
  start(id: string): void {
    const worker: Worker = { isDraining: false, job: undefined, hasExited: false };
    this.#workers.set(id, worker);
    this.#next(id, worker);
  }

  /** Must be called when an instance stops, or when its processes are killed. */
  stop(id: string): void {
    const worker = this.#workers.get(id);
    if (worker?.job !== undefined) this.lost.push(id);
    worker?.job?.[Symbol.dispose]();
    this.#workers.delete(id);
  }

  /** Whether an instance takes jobs. */
  works(id: string): boolean {
    return this.registration(id) === "in-service";
  }

  /** Returns what the registration of an instance would be at a load balancer. */
  registration(id: string): "none" | "in-service" | "draining" {
    const worker = this.#workers.get(id);
    if (worker === undefined) return "none";
    if (!worker.isDraining) return "in-service";
    return worker.job === undefined ? "none" : "draining";
  }

  /** From now on, the jobs of an instance do not end, also the present one, until {@linkcode QueueWorkers.release}. */
  hold(id: string): void {
    this.#endless.add(id);
    const worker = this.#workers.get(id);
    if (worker?.job !== undefined) this.#begin(id, worker);
  }

  /** Lets held jobs end. */
  release(): void {
    this.#endless.clear();
    for (const [id, worker] of this.#workers) if (worker.job !== undefined) this.#begin(id, worker);
  }

  /** Answers a request to drain. Throws an error if no process listens. */
  answer(id: string, { method }: Request): Response {
    const worker = this.#workers.get(id);
    if (worker === undefined || worker.hasExited) {
      throw new TypeError("error sending request: connection refused");
    }
    const status = this.#statusOf(id, worker, method);
    const line = `${method} ${id} ${status}`;
    if (this.requests.at(-1) !== line) this.requests.push(line);
    return new Response(null, { status });
  }

  #statusOf(id: string, worker: Worker, method: string): number {
    switch (method) {
      case "POST":
        if (this.refusing.has(id)) return 503;
        worker.isDraining = true;
        if (worker.job === undefined) this.#drained(id, worker);
        return 202;
      case "DELETE":
        if (this.final.has(id)) return 409;
        worker.isDraining = false;
        if (worker.job === undefined) this.#next(id, worker);
        return 204;
      default:
        return worker.isDraining && worker.job === undefined ? 200 : 409;
    }
  }

  #next(id: string, worker: Worker): void {
    if (worker.isDraining) this.#drained(id, worker);
    else this.#begin(id, worker);
  }

  #begin(id: string, worker: Worker): void {
    worker.job?.[Symbol.dispose]();
    if (this.#endless.has(id)) {
      worker.job = { [Symbol.dispose]: () => {} };
      return;
    }
    worker.job = this.#time.after(JOB, () => {
      worker.job = undefined;
      this.finished++;
      this.#next(id, worker);
    });
  }

  #drained(id: string, worker: Worker): void {
    worker.hasExited = !this.lasting.has(id);
  }
}
