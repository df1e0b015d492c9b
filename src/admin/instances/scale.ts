/**
 * `kas admin scale`: one step out or in by the autoscaler's rules and along its ways, asked for by a person.
 *
 * @module
 */
import { ActivityRunner } from "../../autoscaler/lifecycle/runner.ts";
import { UNBOUNDED } from "../../autoscaler/command.ts";
import { Journal } from "../../autoscaler/store/journal.ts";
import { Observer } from "../../autoscaler/control/observe.ts";
import { Store } from "../../autoscaler/store/store.ts";
import { evaluate, type Evaluation } from "../../autoscaler/control/evaluate.ts";
import { realClock } from "../../autoscaler/control/clock.ts";
import { balancerRef } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { type Command, command, ExitError, type Group, UsageError } from "../../cli/command.ts";
import type { Output, Row } from "../../cli/output.ts";
import { decide } from "../../scaling/decide.ts";
import type { Instance } from "../../scaling/model/instance.ts";
import { text } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/table.ts";
import { ACCOUNT, type AccountContext, type AccountFlags, connected, selector } from "../account.ts";
import { describeDecision } from "../journal/describe_decision.ts";
import { confirmed } from "./targets.ts";

const OPTIONS = {
  instance: { placeholder: "ID", help: "this instance and no other", parse: text },
  min: SETTINGS.min,
  max: SETTINGS.max,
  grow: SETTINGS.grow,
  shrink: SETTINGS.shrink,
  warmup: SETTINGS.warmup,
  startTimeout: SETTINGS.startTimeout,
  drainTimeout: SETTINGS.drainTimeout,
  ...ACCOUNT,
};

/** The values of its options. */
interface ScaleFlags extends AccountFlags {
  readonly instance: string | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly grow: string | undefined;
  readonly shrink: "stop" | "terminate";
  readonly warmup: number;
  readonly startTimeout: number;
  readonly drainTimeout: number;
}

/** How often it says where it stands, ms. */
const PROGRESS = 250;

/** `kas admin scale`. */
export const scale: Group = {
  name: "scale",
  summary: "Scale one step out or in, by the rules",
  commands: [
    direction("out", "Bring one more instance into service"),
    direction("in", "Drain and stop one instance"),
  ],
};

function direction(kind: "out" | "in", summary: string): Command {
  return command({
    name: kind,
    summary,
    description:
      "Decides as the autoscaler would, and waits until it is done. Workers are pinged from here, at their public\n" +
      "names if they have them. With --grow a node is launched when none is left to start; --shrink terminate ends the\n" +
      "one that is taken out for good.",
    options: OPTIONS,
    examples: [`admin scale ${kind}`, `admin scale ${kind} --instance i-0123456789abcdef0 --dry-run`],
    run: async (context) => {
      const { grow, max, shrink, dryRun, fleet } = context.flags;
      if (kind === "out" && grow !== undefined && max === undefined) throw new UsageError(...UNBOUNDED);
      if (kind === "in" && shrink === "terminate" && !dryRun) {
        if (!await confirmed(context, `Terminate one node of fleet ${fleet} for good?`)) return 1;
      }
      return await connected(context, (aws) => run(kind, aws, context));
    },
  });
}

async function run(
  kind: "out" | "in",
  aws: Aws,
  { flags, out, signal }: AccountContext & { readonly flags: ScaleFlags },
): Promise<number> {
  using state = Store.memory();
  const journal = new Journal(state);
  const fleet = { ...selector(flags), balancer: balancerRef(flags) };
  const { startTimeout, drainTimeout, dryRun, instance, min, max, warmup, grow, shrink } = flags;
  // A person asks once and means it now.
  const limits = {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    warmup,
    cooldownOut: 0,
    cooldownIn: 0,
    resync: 0,
    ...(grow === undefined ? {} : { grow }),
    ...(shrink === "stop" ? {} : { shrink }),
  };
  await using activities = new ActivityRunner({
    aws,
    fleet,
    limits,
    startTimeout,
    drainTimeout,
    clock: realClock,
    address: ({ publicDns, privateIp }) => publicDns ?? privateIp,
  }, journal);

  const stepped = await evaluate(
    {
      observer: new Observer(aws, fleet),
      state,
      journal,
      activities,
      limits,
      dryRun,
      now: realClock.now,
    },
    { kind: "operator", direction: kind, ...(instance === undefined ? {} : { instance }) },
    { signal },
  );
  const { instances } = stepped.observation;
  if (instance !== undefined && !instances.some(({ id }) => id === instance)) {
    throw new ExitError(`${instance} is not in fleet ${flags.fleet}`, 4, "kas admin instances");
  }
  const { decision, observation, trigger } = stepped;
  if (decision.kind === "none" && kind === "out") tellIdle(instances, fleet.balancer.name, out);
  const row = await outcome(stepped, journal, out, dryRun, signal);
  await out.table(["action", "instance", "state", "reason"], [row]);
  const atOnce = { ...observation, limits: { ...observation.limits, warmup: 0 } };
  if (decision.kind === "none" && decide(trigger, atOnce).kind !== "none") {
    out.hint(`Next: kas admin scale ${kind} --warmup 0s, which waits for no warm-up`);
  }
  return row.state === "failed" ? 1 : 0;
}

/** Tells of nodes that run and serve nobody: neither the rules nor the autoscaler touch them (R9). */
function tellIdle(instances: readonly Instance[], balancer: string, out: Output): void {
  const ids = instances.filter(({ role, state, registration }) =>
    role === "node" && state === "running" && registration === "none"
  ).map(({ id }) => id).join(" ");
  if (ids === "") return;
  out.note(
    `${ids} run without being registered: kas admin balancers register ${balancer} ${ids} puts them into service,\n` +
      `kas admin instances stop ${ids} makes them nodes to start`,
  );
}

/** Waits for the end, telling each step as it is taken. */
async function outcome(
  { decision, ended }: Evaluation,
  journal: Journal,
  out: Output,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<Row> {
  const { kind: action, reason } = decision;
  if (decision.kind === "none") return { action, reason };
  const chosen = "instance" in decision ? decision.instance : undefined;
  if (dryRun) return { action, instance: chosen, state: "dry-run", reason };

  const what = describeDecision(decision);
  out.note(`${what}: ${reason}`);
  const [begun] = journal.unfinished();
  const told = () => {
    const last = begun && journal.steps(begun.id).at(-1);
    if (last !== undefined) {
      out.progress(`${last.instance ?? what}: ${last.step}${last.ended === undefined ? "…" : ""}`);
    }
  };
  const timer = setInterval(told, PROGRESS);
  const interrupted = Promise.withResolvers<never>();
  const interrupt = () => interrupted.reject(signal.reason);
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    const activity = await Promise.race([ended, interrupted.promise]);
    if (activity === undefined) throw new ExitError(`Cannot tell how ${what} ended`);
    return { action, instance: activity.instance, state: activity.status, reason: activity.reason };
  } catch (error) {
    if (signal.aborted) {
      const at = begun && journal.steps(begun.id).at(-1);
      out.error(
        `Interrupted; left unfinished: ${at?.instance === undefined ? what : `${action} ${at.instance}`}${
          at ? `, at ${at.step}` : ""
        }`,
      );
    }
    throw error;
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", interrupt);
  }
}
