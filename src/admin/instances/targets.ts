/**
 * Commands that act on several targets: each has its turn, each failure is a line, a dry run says what would be done, and
 * a destructive step is agreed to first.
 *
 * @module
 */
import { ExitError, UsageError } from "../../cli/command.ts";
import type { Output, Row } from "../../cli/output.ts";
import { type AccountContext, asExitError } from "../account.ts";

/** What is to be done to one target, once it has been looked at. */
export interface TargetPlan {
  /** What a dry run prints, a line each: `stop i-1`. */
  readonly actions: readonly string[];
  /** Does it; the rows to print. */
  readonly apply: () => Promise<readonly Row[]>;
}

/**
 * Prepares and takes a step for every target and prints the rows of those that worked. A failure, of the preparation or of
 * the step, is a line on stderr and does not keep the next target from its turn; after an interruption the line names
 * what was left undone. With `--dry-run` the actions are printed and none is taken.
 *
 * @returns the exit status: 0; 1 if a part failed; the failures' own status if all failed with the same
 */
export async function forEachTarget(
  { flags: { dryRun }, out, signal }: AccountContext,
  columns: readonly string[],
  targets: readonly string[],
  prepare: (target: string) => Promise<TargetPlan> | TargetPlan,
): Promise<number> {
  const statuses = new Set<number>();
  async function* rows(): AsyncGenerator<Row> {
    for (const [i, target] of targets.entries()) {
      try {
        signal.throwIfAborted();
        const step = await prepare(target);
        if (targets.length > 1 && !dryRun) {
          out.progress(`${i + 1} of ${targets.length}: ${step.actions[0] ?? target}`);
        }
        if (dryRun) yield* step.actions.map((action) => ({ action }));
        else yield* await step.apply();
        statuses.add(0);
      } catch (error) {
        if (signal.aborted) {
          out.error(`Interrupted; left undone or unfinished: ${targets.slice(i).join(", ")}`);
          throw error;
        }
        const told = asExitError(error);
        if (!(told instanceof ExitError)) throw told;
        statuses.add(told.status);
        out.error(told.hint === undefined ? told.message : `${told.message}; try: ${told.hint}`);
        for (const detail of told.details) out.detail(detail);
      }
    }
  }
  if (dryRun) await printActions(out, rows());
  else await out.table(columns, rows());
  const [status = 0] = statuses;
  return statuses.size > 1 ? 1 : status;
}

/** Prints what would be done, rows of one cell `action`, a line an action. */
export async function printActions(out: Output, rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
  if (out.options.format === "json") return await out.table(["action"], rows);
  for await (const { action } of rows) out.line(String(action));
}

/**
 * Has a destructive step agreed to, by `--yes` or by an answer.
 *
 * @throws {UsageError} where there is nobody to ask
 */
export async function confirmed({ flags, out, signal }: AccountContext, question: string): Promise<boolean> {
  if (flags.yes) return true;
  const answer = await out.confirm(question, signal);
  if (answer === undefined) throw new UsageError(`${question} There is no terminal to ask on: say --yes`);
  if (!answer) out.note("Nothing was done.");
  return answer;
}
