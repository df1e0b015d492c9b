/**
 * Runs a command for several targets. An error for one target is printed in one line, and the command continues with the next
 * target. A dry run prints the actions. A destructive command asks the operator to confirm.
 *
 * @module
 */
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { hintText, withHint } from "../../cli/command_line.ts";
import { ExitError, UsageError } from "../../cli/command.ts";
import type { Output, Row } from "../../cli/output.ts";
import { type AccountContext, toExitError } from "../account.ts";

/** The change that a command makes to one target. */
export interface TargetPlan {
  /** The actions that a dry run prints, one per line, such as `stop i-1`. */
  readonly actions: readonly string[];
  /** Makes the change and returns the rows to print. */
  readonly apply: () => Promise<readonly Row[]>;
}

/**
 * Plans and applies the change of each target, and prints the rows. If a target fails, prints the error in one line on stderr and
 * continues with the next target. After Ctrl-C, prints the targets that are not completed. With `--dry-run`, prints only the
 * actions.
 *
 * @returns the exit status: 0 if no target failed, the status of the errors if all targets failed with the same status, else 1
 */
export async function forEachTarget(
  { flags: { dryRun }, out, signal }: AccountContext,
  columns: readonly string[],
  targets: readonly string[],
  plan: (target: string) => Promise<TargetPlan> | TargetPlan,
): Promise<number> {
  const statuses = new Set<number>();
  async function* rows(): AsyncGenerator<Row> {
    for (const [i, target] of targets.entries()) {
      try {
        signal.throwIfAborted();
        const { actions, apply } = await plan(target);
        if (targets.length > 1 && !dryRun) {
          out.progress(`${i + 1} of ${targets.length}: ${actions[0] ?? target}`);
        }
        if (dryRun) yield* actions.map((action) => ({ action }));
        else yield* await apply();
        statuses.add(0);
      } catch (error) {
        if (signal.aborted) {
          out.error(`Interrupted; not completed: ${targets.slice(i).join(", ")}`);
          throw error;
        }
        const known = toExitError(error);
        if (!(known instanceof ExitError)) throw known;
        statuses.add(known.status);
        out.error(withHint(known.message, known.hint));
        for (const detail of known.details) out.detail(hintText(detail));
      }
    }
  }
  if (dryRun) await printActions(out, rows());
  else await out.table(columns, rows());
  const [status = 0] = statuses;
  return statuses.size > 1 ? 1 : status;
}

/** Prints the actions of a dry run, one per line. Each row has one cell, `action`. */
export async function printActions(out: Output, rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
  if (out.options.format === "json") return await out.table(["action"], rows);
  for await (const { action } of rows) out.line(String(action));
}

/**
 * Asks the operator to confirm a destructive command, unless `--yes` is set. Returns whether the operator confirmed.
 *
 * @throws {UsageError} if there is no terminal on which kas can ask
 */
export async function confirmed({ flags, out, signal }: AccountContext, question: string): Promise<boolean> {
  if (flags.yes) return true;
  const answer = await out.confirm(question, signal);
  if (answer === undefined) {
    throw new UsageError(`${question} kas cannot ask, because stdin or stderr is not a terminal: use --yes`);
  }
  if (!answer) out.note("Nothing was changed.");
  return answer;
}

/** Returns the ids of the instances that an operator has stopped or deregistered. */
export function takenOut(fleet: ReadonlyMap<string, Ec2Instance>, ids: readonly string[]): string[] {
  return ids.filter((id) => fleet.get(id)?.byOperator !== undefined);
}

/** Returns the ids of the fleet's instances that the command may change, without repetitions. */
export function presentIn(
  fleet: ReadonlyMap<string, Ec2Instance>,
  ids: readonly string[],
  isAllowed: (instance: Ec2Instance) => boolean = () => true,
): string[] {
  return [...new Set(ids)].filter((id) => {
    const instance = fleet.get(id);
    return instance !== undefined && isAllowed(instance);
  });
}
