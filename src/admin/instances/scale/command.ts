/**
 * `kas admin scale`: the operator scales out or in by one instance. kas makes the same checks as the autoscaler.
 *
 * @module
 */
import { z } from "zod";
import { assemble } from "../../../autoscaler/assemble.ts";
import { limitsOf, requireMax } from "../../../autoscaler/limit_flags.ts";
import type { Evaluation } from "../../../autoscaler/control/evaluate.ts";
import type { Journal } from "../../../autoscaler/store/journal.ts";
import { balancerRef } from "../../../aws/balancing/balancer.ts";
import type { Aws } from "../../../aws/clients.ts";
import { commandText } from "../../../cli/command_line.ts";
import { type Command, command, ExitError, type Group, kebab, UsageError } from "../../../cli/command.ts";
import type { Output, Row } from "../../../cli/output.ts";
import { realClock } from "../../../runtime.ts";
import type { Schedules } from "../../../settings/schedules/schedules.ts";
import { decide } from "../../../scaling/decide.ts";
import { instanceOf } from "../../../scaling/model/decision.ts";
import type { LoadPolicy } from "../../../scaling/model/limits.ts";
import { withLoad } from "../../../scaling/model/observation.ts";
import { text } from "../../../cli/parsers.ts";
import { SETTINGS } from "../../../settings/settings.ts";
import {
  ACCOUNT_OPTIONS,
  type AccountContext,
  type AccountFlags,
  fleetSelector,
  withAws,
} from "../../account.ts";
import { describeDecision } from "../../journal/describe_decision.ts";
import { askAutoscaler, AUTOSCALER, runOnHost } from "../autoscaler_socket.ts";
import { confirmed } from "../targets.ts";
import { noteUnregistered } from "./unregistered.ts";

/** The options that apply only if this process scales the fleet. A running autoscaler has its own settings. */
const OWN = {
  min: SETTINGS.min,
  max: SETTINGS.max,
  schedules: SETTINGS.schedules,
  policies: SETTINGS.policies,
  grow: SETTINGS.grow,
  shrink: SETTINGS.shrink,
  warmup: SETTINGS.warmup,
  startTimeout: SETTINGS.startTimeout,
  drainTimeout: SETTINGS.drainTimeout,
  quarantineFor: SETTINGS.quarantineFor,
};

const OPTIONS = {
  instance: { placeholder: "ID", help: "start or stop this instance, or none", parse: text },
  ...OWN,
  ...AUTOSCALER,
  state: {
    placeholder: "DIR",
    help: "let the running autoscaler with this state folder scale, with its own settings",
    parse: text,
  },
  ...ACCOUNT_OPTIONS,
};

/** The values of the command's options. */
interface ScaleFlags extends AccountFlags {
  readonly instance: string | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly schedules: Schedules | undefined;
  readonly policies: readonly LoadPolicy[] | undefined;
  readonly grow: string | undefined;
  readonly shrink: "stop" | "terminate";
  readonly warmup: number;
  readonly startTimeout: number;
  readonly drainTimeout: number;
  readonly quarantineFor: number;
  readonly state: string | undefined;
  readonly ssh: string | undefined;
}

/** Interval at which kas shows the progress, in ms. */
const PROGRESS = 250;

const COLUMNS = ["action", "instance", "status", "reason"];

/** The command `kas admin scale`. */
export const scale: Group = {
  name: "scale",
  summary: "Scale out or in by one instance, with the autoscaler's checks",
  commands: [
    direction("out", "Start one instance and put it into service"),
    direction("in", "Drain and stop one instance"),
  ],
};

function direction(kind: "out" | "in", summary: string): Command {
  return command({
    name: kind,
    summary,
    description:
      "Makes the same checks as the autoscaler, starts or stops the instance, and waits until the instance is in service or\n" +
      "stopped. This machine sends the health check to the instance's public DNS name, or to its private address if it has no\n" +
      "public name. With --grow, kas launches a node if no standby node is left. With --shrink terminate, kas terminates the\n" +
      "node instead of stopping it. With --state or --ssh, the running autoscaler scales, and its settings and pauses apply. The exit\n" +
      "status is 1 if a check holds the action back.",
    options: OPTIONS,
    examples: [`admin scale ${kind}`, `admin scale ${kind} --instance i-0123456789abcdef0 --dry-run`],
    run: async (context) => {
      const { shrink, dryRun, fleet, ssh, state = SETTINGS.state.default, instance, yes } = context.flags;
      if (ssh !== undefined || context.flags.state !== undefined) {
        refuseOwn(context.origins);
        if (ssh === undefined) return await scaleThroughAutoscaler(kind, state, context);
        const named = instance === undefined ? [] : ["--instance", instance];
        const words = ["admin", "scale", kind, ...named, ...switches({ dryRun, yes })];
        return await runOnHost(ssh, words, { ...context.flags, state }, context.out);
      }
      if (kind === "out") requireMax(context.flags);
      if (kind === "in" && shrink === "terminate" && !dryRun) {
        if (!await confirmed(context, `Terminate one node of fleet ${fleet} permanently?`)) return 1;
      }
      return await withAws(context, (aws) => run(kind, aws, context));
    },
  });
}

/**
 * Refuses options that have no effect if a running autoscaler scales.
 *
 * @throws {UsageError} if the command line has such an option
 */
function refuseOwn(origins: Readonly<Record<string, string>>): void {
  const given = Object.keys(OWN).find((name) => origins[name] === "flag");
  if (given === undefined) return;
  throw new UsageError(
    `--${kebab(given)} has no effect with --state and --ssh: the autoscaler has its own settings`,
  );
}

/** Returns the flags of the switches that are on. */
function switches(flags: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(flags).flatMap(([name, on]) => on ? [`--${kebab(name)}`] : []);
}

/** The answer of the autoscaler to a command: its decision, and the id of the activity that it has started. */
const DECIDED = z.object({
  actions: z.array(z.object({ kind: z.string(), instance: z.string().nullable() })),
  reason: z.string(),
  checks: z.array(z.string()),
  activities: z.array(z.number()),
});

/** The state of an activity of the autoscaler. */
const ACTIVITY = z.object({
  status: z.string().nullable(),
  instance: z.string().nullable(),
  reason: z.string(),
  step: z.string().nullable(),
});

/** Lets a running autoscaler scale, and waits until its activity has ended. Returns the exit status. */
async function scaleThroughAutoscaler(
  direction: "out" | "in",
  state: string,
  context: AccountContext & { readonly flags: ScaleFlags },
): Promise<number> {
  const { flags: { instance, dryRun }, out, signal } = context;
  const ask = (trial: boolean) =>
    askAutoscaler(state, "scale", { direction, instance, dryRun: trial }, DECIDED, signal);
  if (direction === "in" && !dryRun) {
    const { actions: [expected] } = await ask(true);
    const question = `Terminate ${expected?.instance} permanently?`;
    if (expected?.kind === "terminate" && !await confirmed(context, question)) return 1;
  }
  const { actions: [first], activities: [activity], ...decided } = await ask(dryRun);
  const print = (row: Row) => out.table(COLUMNS, [row]);
  if (first === undefined) {
    await print({ action: noAction(decided.checks), reason: decided.reason });
    return 1;
  }
  const { kind: action, instance: chosen } = first;
  if (activity === undefined) {
    await print({ action, instance: chosen, status: "dry-run", reason: decided.reason });
    return 0;
  }
  out.note(`${action} ${chosen ?? "a new node"}: ${decided.reason}`);
  while (true) {
    const now = await askAutoscaler(state, "activity", { id: activity }, ACTIVITY, signal);
    if (now.status !== "in-progress") {
      await print({ action, instance: now.instance, status: now.status, reason: now.reason });
      return now.status === "successful" ? 0 : 1;
    }
    out.progress(`${now.instance ?? action}: ${now.step ?? "…"}`);
    await realClock.sleep(PROGRESS, signal);
  }
}

/** Returns the text of a decision without an action, with the check that held the action back: `no action (min-capacity)`. */
function noAction(checks: readonly string[]): string {
  return checks.length === 0 ? "no action" : `no action (${checks.join(", ")})`;
}

async function run(
  kind: "out" | "in",
  aws: Aws,
  { flags, out, signal }: AccountContext & { readonly flags: ScaleFlags },
): Promise<number> {
  const { schedules, startTimeout, drainTimeout, quarantineFor, dryRun, instance } = flags;
  const fleet = { ...fleetSelector(flags), balancer: balancerRef(flags) };
  await using autoscaler = assemble({
    account: aws,
    fleet,
    // Cooldowns and the metric delay are for alarms, which repeat a recommendation. An operator gives a command only once.
    limits: limitsOf({
      ...flags,
      cooldownOut: 0,
      cooldownIn: 0,
      resync: 0,
      metricDelay: 0,
      unhealthyAfter: Infinity,
    }),
    schedules,
    startTimeout,
    drainTimeout,
    quarantineFor,
    dryRun,
    address: ({ publicDns, privateIp }) => publicDns ?? privateIp,
  });
  const evaluation = await autoscaler.evaluate(
    { kind: "operator", direction: kind, ...(instance === undefined ? {} : { instance }) },
    { signal },
  );
  const { instances } = evaluation.observation;
  if (instance !== undefined && !instances.some(({ id }) => id === instance)) {
    throw new ExitError(`${instance} is not in fleet ${flags.fleet}`, 4, "kas admin instances");
  }
  const { decision, observation, trigger } = evaluation;
  const isNone = decision.actions.length === 0;
  if (isNone && kind === "out") noteUnregistered(instances, out);
  const row = await outcome(evaluation, autoscaler.journal, out, dryRun, signal);
  await out.table(COLUMNS, [row]);
  // kas does not read the load if the warm-up already holds the scale-in back. Then kas prints the hint for any load.
  const loaded = observation.cpu === undefined ? withLoad(observation, 0, observation.now) : observation;
  const withoutWarmup = { ...loaded, limits: { ...loaded.limits, warmup: 0 } };
  if (isNone && decide(trigger, withoutWarmup).actions.length > 0) {
    out.hint(`Next: ${commandText(["kas", "admin", "scale", kind, "--warmup", "0s"])}, to skip the warm-up`);
  }
  return isNone || row.status === "failed" ? 1 : 0;
}

/** Waits until the activity of a decision has ended, and shows the activity's steps as progress. Returns the row to print. */
async function outcome(
  { decision, ended }: Evaluation,
  journal: Journal,
  out: Output,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<Row> {
  const { actions: [first], reason } = decision;
  if (first === undefined) return { action: noAction(decision.checks), reason };
  const { kind: action } = first;
  const chosen = instanceOf(first);
  if (dryRun) return { action, instance: chosen, status: "dry-run", reason };

  const what = describeDecision(decision);
  out.note(`${what}: ${reason}`);
  const [activity] = journal.unfinished();
  const lastStep = () => activity && journal.steps(activity.id).at(-1);
  const showStep = () => {
    const last = lastStep();
    if (last !== undefined) {
      out.progress(`${last.instance ?? what}: ${last.step}${last.ended === undefined ? "…" : ""}`);
    }
  };
  const timer = setInterval(showStep, PROGRESS);
  const interrupted = Promise.withResolvers<never>();
  const interrupt = () => interrupted.reject(signal.reason);
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    const [result] = await Promise.race([ended, interrupted.promise]);
    if (result === undefined) throw new ExitError(`The journal has no result of the activity: ${what}`);
    return { action, instance: result.instance, status: result.status, reason: result.reason };
  } catch (error) {
    if (signal.aborted) {
      const at = lastStep();
      out.error(
        `Interrupted. This activity is not completed: ${
          at?.instance === undefined ? what : `${action} ${at.instance}`
        }${at ? `, at step ${at.step}` : ""}`,
      );
    }
    throw error;
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", interrupt);
  }
}
