/**
 * Provisions many hosts in parallel, and prints rows, errors and the exit status.
 *
 * @module
 */
import type { Output, Row } from "../../cli/output.ts";
import { printActions } from "../instances/targets.ts";
import { HostProgress } from "./host_progress.ts";
import { provisionOne, type ProvisionOptions, type ProvisionTarget } from "./provision_one.ts";

/** Options of provisioning several hosts. */
export interface ProvisionHostsOptions extends ProvisionOptions {
  readonly targets: readonly ProvisionTarget[];
  /** How many hosts are provisioned at the same time. */
  readonly parallel: number;
}

/** SECONDS is the duration of a step that changed something. */
const COLUMNS = ["host", "step", "result", "seconds"];

/**
 * Provisions every host and prints the results. After a failure the other hosts still get their turn, except in a rolling run,
 * which stops there.
 *
 * @returns the exit status: 0; the failures' own status if every host failed with the same; else 1
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

/** Runs tasks, at most `limit` at a time, and yields their results as they end. `startNext` returns undefined when none is left. */
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
