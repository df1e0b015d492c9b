/**
 * Provisions several hosts at the same time, and prints the results and errors.
 *
 * @module
 */
import type { Output, Row } from "../../cli/output.ts";
import { printActions } from "../instances/targets.ts";
import { HostProgress } from "./host_progress.ts";
import { provisionOne, type ProvisionOptions, type ProvisionTarget } from "./provision_one.ts";

/** Options of {@linkcode provisionHosts}. */
export interface ProvisionHostsOptions extends ProvisionOptions {
  readonly targets: readonly ProvisionTarget[];
  /** Maximum number of hosts that kas provisions at the same time. */
  readonly parallel: number;
}

/** Columns of the table. SECONDS is the duration of a step that changed the host. */
const COLUMNS = ["host", "step", "result", "seconds"];

/**
 * Provisions every host and prints the results. If a host fails, continues with the other hosts. A rolling run stops at the first
 * failure instead.
 *
 * @returns the exit status: 0 if no host failed, the status of the errors if all hosts failed with the same status, else 1
 */
export async function provisionHosts(
  options: ProvisionHostsOptions,
  out: Output,
  signal: AbortSignal,
): Promise<number> {
  const names = options.targets.map(({ name }) => name);
  const progress = new HostProgress(out, names);
  const statuses = new Set<number>();
  const notStarted = new Set(names);
  const queue = options.targets.values();
  const startNext = () => {
    const failed = statuses.values().some((status) => status > 0);
    const stopped = signal.aborted || (failed && options.rolling !== undefined);
    const target = stopped ? undefined : queue.next().value;
    if (target === undefined) return undefined;
    return provisionOne(target, options, (text) => progress.update(target.name, text), signal);
  };
  async function* rows(): AsyncGenerator<Row> {
    for await (const { name, rows, failure, status } of inParallel(startNext, options.parallel)) {
      notStarted.delete(name);
      statuses.add(status);
      const [error, ...explanation] = failure;
      progress.printAbove(() => {
        if (error !== undefined) out.error(`${name}: ${error}`);
        for (const line of explanation) out.note(`  ${line}`);
      });
      yield* rows;
    }
    progress.clear();
  }
  if (options.dryRun) await printActions(out, rows());
  else await out.table(COLUMNS, rows());
  if (notStarted.size > 0) {
    const why = signal.aborted ? "Interrupted" : "Stopped at the first failure";
    out.error(`${why}; not started: ${[...notStarted].join(", ")}`);
  }
  signal.throwIfAborted();
  const [status = 0] = statuses;
  return statuses.size > 1 ? 1 : status;
}

/**
 * Runs tasks, at most `limit` at the same time, and yields each result when its task ends. `startNext` returns undefined after
 * the last task.
 */
async function* inParallel<T>(startNext: () => Promise<T> | undefined, limit: number): AsyncGenerator<T> {
  const running = new Map<symbol, Promise<readonly [symbol, T]>>();
  for (;;) {
    for (let task; running.size < limit && (task = startNext()) !== undefined;) {
      const key = Symbol();
      running.set(key, task.then((result) => [key, result] as const));
    }
    if (running.size === 0) return;
    const [key, result] = await Promise.race(running.values());
    running.delete(key);
    yield result;
  }
}
