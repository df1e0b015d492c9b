/**
 * Provisions one host, and returns the result as rows, error lines and an exit status.
 *
 * @module
 */
import { ExitError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { applyPlan, type HostOutcome, type StepResult } from "../../provision/apply.ts";
import { HostError } from "../../provision/host_error.ts";
import { type HostPlan, isUnchanged, planHost, type ProvisionRequest } from "../../provision/plan.ts";
import { type RollingOptions, whileDeregistered } from "../../provision/rolling.ts";
import { commandText, withHint } from "../../cli/command_line.ts";
import { type Connection, openLocalShell, openSsh } from "../../provision/ssh/connection.ts";
import type { SshOptions } from "../../provision/ssh/ssh_options.ts";
import type { Target } from "../../provision/target.ts";
import { toExitError } from "../account.ts";

/** A target, or the error because of which kas cannot use the target. */
export type ProvisionTarget = Target | { readonly name: string; readonly error: ExitError };

/** Options of {@linkcode provisionOne}. */
export interface ProvisionOptions {
  readonly request: ProvisionRequest;
  readonly ssh: SshOptions;
  readonly dryRun: boolean;
  /** Load balancer from which kas deregisters each instance before it changes the instance. Absent: the run is not rolling. */
  readonly rolling?: Pick<RollingOptions, "aws" | "balancer" | "drainTimeout" | "startTimeout">;
}

/** The outcome of provisioning one host. */
export interface HostRun {
  readonly name: string;
  readonly rows: readonly Row[];
  /** The error, followed by lines that explain the error. Empty if there was no error. */
  readonly failure: readonly string[];
  /** The exit status for the host. */
  readonly status: number;
}

/** Provisions one host. Does not reject: the result contains the error. */
export async function provisionOne(
  target: ProvisionTarget,
  options: ProvisionOptions,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<HostRun> {
  const { name } = target;
  let step = "inspect";
  try {
    if ("error" in target) throw target.error;
    onProgress(step);
    const start = performance.now();
    await using connection = target.host === undefined
      ? openLocalShell()
      : await openSsh(target, options.ssh);
    const plan = await planHost(connection, options.request, options.dryRun);
    if (options.dryRun) return { name, rows: dryRunRows(name, plan), failure: [], status: 0 };
    const inspected: StepResult = { step, result: "done", seconds: (performance.now() - start) / 1_000 };
    step = "change";
    const { results, failure } = await change(target, connection, plan, options, onProgress, signal);
    const [error] = failure;
    onProgress(error === undefined ? isUnchanged(plan) ? "unchanged" : "done" : `failed: ${error}`);
    const rows = [inspected, ...results].map(({ seconds, ...row }): Row => ({
      host: name,
      ...row,
      seconds: seconds?.toFixed(2),
    }));
    return { name, rows, failure, status: error === undefined ? 0 : 1 };
  } catch (error) {
    const { message, status } = describeError(error, signal);
    onProgress(`failed: ${message}`);
    const rows = options.dryRun ? [] : [{ host: name, step, result: "failed" }];
    return { name, rows, failure: [message], status };
  }
}

async function change(
  target: Target,
  connection: Connection,
  plan: HostPlan,
  { rolling }: ProvisionOptions,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<HostOutcome> {
  if (isUnchanged(plan)) {
    return { results: plan.steps.map(({ name }) => ({ step: name, result: "unchanged" })), failure: [] };
  }
  const apply = () => applyPlan(connection, plan, { onProgress, signal });
  if (rolling === undefined || target.instance === undefined) return await apply();
  return await whileDeregistered(target.instance, {
    ...rolling,
    signal,
    onProgress,
    describeError: (error) => describeError(error, signal).message,
  }, apply);
}

/** Returns one row for each command that the run would execute. */
function dryRunRows(name: string, { steps, facts }: HostPlan): Row[] {
  const rows = [
    ...(facts.interrupted ? [{ action: `${name}: roll back an interrupted run` }] : []),
    ...steps.filter((step) => !step.isDone(facts)).flatMap((step) =>
      step.commands(facts).map(({ argv }) => ({ action: `${name}: ${step.name}: ${commandText(argv)}` }))
    ),
  ];
  return rows.length > 0 ? rows : [{ action: `${name}: unchanged` }];
}

function describeError(error: unknown, signal: AbortSignal): { message: string; status: number } {
  // After Ctrl-C, a call to AWS throws an error that does not mention the interruption.
  if (signal.aborted && !(error instanceof HostError)) {
    return { message: "interrupted before any change", status: 1 };
  }
  const known = error instanceof HostError || error instanceof ExitError ? error : toExitError(error);
  if (!(known instanceof HostError || known instanceof ExitError)) throw known;
  return {
    message: withHint(known.message, known.hint),
    status: known instanceof ExitError ? known.status : 1,
  };
}
