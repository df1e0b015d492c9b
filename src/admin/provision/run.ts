/**
 * Provisions many hosts, a few at a time: rows as hosts end, a line for each that failed, and the exit status.
 *
 * @module
 */
import { ExitError } from "../../cli/command.ts";
import type { Output, Row } from "../../cli/output.ts";
import {
  carryOut,
  isUnchanged,
  type Plan,
  planHost,
  type Result,
  type Wish,
} from "../../provision/provision.ts";
import { outOfService, type Rolling } from "../../provision/rolling.ts";
import { connectTo, HostError, localShell, type Route } from "../../provision/ssh/ssh.ts";
import type { Target } from "../../provision/target.ts";
import { line } from "../../provision/ssh/words.ts";
import { asExitError } from "../account.ts";
import { HostBoard } from "./board.ts";
import { printActions } from "../instances/targets.ts";

/** What to do, to whom. */
export interface ProvisionRun {
  readonly wish: Wish;
  /** A target that can't be had says why. */
  readonly targets: readonly (Target | { readonly name: string; readonly unfit: ExitError })[];
  readonly route: Route;
  /** How many hosts at a time. */
  readonly parallel: number;
  readonly dryRun: boolean;
  /** One instance after the other, and no further once one has failed. */
  readonly rolling?: Omit<Rolling, "signal" | "doing" | "tell">;
}

/** The columns; seconds is how long a step took, where anything was done. */
const COLUMNS = ["host", "step", "result", "seconds"];

/** How a host ended: its rows, and its failure's lines and status. */
interface Ended {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly failure: readonly string[];
  readonly status: number;
}

/**
 * Provisions every host and prints how it went. A host that fails keeps no other from its turn, except where they are rolled.
 *
 * @returns the exit status: 0; 1 if a part failed; the failures' own status if all failed with the same
 */
export async function provisionAll(run: ProvisionRun, out: Output, signal: AbortSignal): Promise<number> {
  const board = new HostBoard(out, run.targets.map(({ name }) => name));
  const statuses = new Set<number>();
  const left = new Set(run.targets.map(({ name }) => name));
  const queue = run.targets.values();
  const next = () => {
    const failed = statuses.values().some((status) => status > 0);
    const target = signal.aborted || (failed && run.rolling !== undefined) ? undefined : queue.next().value;
    return target === undefined ? undefined : provisionOne(target, run, board, signal);
  };
  async function* rows(): AsyncGenerator<Row> {
    for await (const { name, rows, failure: [first, ...rest], status } of inParallel(next, run.parallel)) {
      left.delete(name);
      statuses.add(status);
      board.aside(() => {
        if (first !== undefined) out.error(`${name}: ${first}`);
        for (const text of rest) out.note(`  ${text}`);
      });
      yield* rows;
    }
    board.clear();
  }
  if (run.dryRun) await printActions(out, rows());
  else await out.table(COLUMNS, rows());
  if (left.size > 0) {
    out.error(
      `${signal.aborted ? "Interrupted" : "Stopped at the first failure"}; not begun: ${
        [...left].join(", ")
      }`,
    );
  }
  signal.throwIfAborted();
  const [status = 0] = statuses;
  return statuses.size > 1 ? 1 : status;
}

/** Never rejects: what goes wrong with a host is how it ended. */
async function provisionOne(
  target: ProvisionRun["targets"][number],
  run: ProvisionRun,
  board: HostBoard,
  signal: AbortSignal,
): Promise<Ended> {
  const { name } = target;
  const doing = (what: string) => board.show(name, what);
  let step = "look";
  try {
    if ("unfit" in target) throw target.unfit;
    doing(step);
    const begun = performance.now();
    await using connection = target.host === undefined ? localShell() : await connectTo(target, run.route);
    const plan = await planHost(connection, run.wish, run.dryRun);
    if (run.dryRun) return { name, rows: actionRows(name, plan), failure: [], status: 0 };
    const look: Result = { step, result: "done", seconds: (performance.now() - begun) / 1_000 };
    const change = () => carryOut(connection, plan, { doing, signal });
    const tell = (error: unknown) => told(error, signal).message;
    step = "change";
    const { results, failure } = isUnchanged(plan)
      ? {
        results: plan.steps.map(({ title }): Result => ({ step: title, result: "unchanged" })),
        failure: [],
      }
      : run.rolling !== undefined && target.instance !== undefined
      ? await outOfService(target.instance, { ...run.rolling, signal, doing, tell }, change)
      : await change();
    const [first] = failure;
    doing(first === undefined ? isUnchanged(plan) ? "unchanged" : "done" : `failed: ${first}`);
    const rows = [look, ...results].map(({ seconds, ...row }): Row => ({
      host: name,
      ...row,
      seconds: seconds?.toFixed(2),
    }));
    return { name, rows, failure, status: first === undefined ? 0 : 1 };
  } catch (error) {
    const { message, status } = told(error, signal);
    doing(`failed: ${message}`);
    return {
      name,
      rows: run.dryRun ? [] : [{ host: name, step, result: "failed" }],
      failure: [message],
      status,
    };
  }
}

/** What would be done, a row an action. */
function actionRows(name: string, { steps, facts }: Plan): Row[] {
  const rows = [
    ...(facts.unfinished ? [{ action: `${name}: undo what a run left that was cut off` }] : []),
    ...steps.filter((step) => !step.check(facts)).flatMap((step) =>
      step.apply(facts).map(({ words }) => ({ action: `${name}: ${step.title}: ${line(words)}` }))
    ),
  ];
  return rows.length > 0 ? rows : [{ action: `${name}: unchanged` }];
}

function told(error: unknown, signal: AbortSignal): { message: string; status: number } {
  // A call to AWS that is broken off ends with an error of its own.
  if (signal.aborted && !(error instanceof HostError)) {
    return { message: "interrupted before it was changed", status: 1 };
  }
  const known = error instanceof HostError || error instanceof ExitError ? error : asExitError(error);
  if (!(known instanceof HostError || known instanceof ExitError)) throw known;
  return {
    message: known.hint === undefined ? known.message : `${known.message}; try: ${known.hint}`,
    status: known instanceof ExitError ? known.status : 1,
  };
}

/** Runs what `next` gives until it gives nothing, at most so many at a time; yields as they end. */
async function* inParallel<T>(next: () => Promise<T> | undefined, most: number): AsyncGenerator<T> {
  const inProgress = new Map<symbol, Promise<readonly [symbol, T]>>();
  for (;;) {
    for (let work; inProgress.size < most && (work = next()) !== undefined;) {
      const key = Symbol();
      inProgress.set(key, work.then((ended) => [key, ended] as const));
    }
    if (inProgress.size === 0) return;
    const [key, ended] = await Promise.race(inProgress.values());
    inProgress.delete(key);
    yield ended;
  }
}
