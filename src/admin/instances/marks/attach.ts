/**
 * `kas admin instances attach|adopt`: puts running instances into service. `attach` ends the maintenance of a detached instance.
 * `adopt` registers an instance that somebody started by hand.
 *
 * @module
 */
import { type BalancerRef, register } from "../../../aws/balancing/balancer.ts";
import type { Aws } from "../../../aws/clients.ts";
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { untagInstances } from "../../../aws/ec2/operator_tags.ts";
import { allDone, batched } from "../../../aws/many/batches.ts";
import { command, ExitError } from "../../../cli/command.ts";
import { realClock } from "../../../runtime.ts";
import { isQuarantined, type Registration } from "../../../scaling/model/instance.ts";
import { SETTINGS } from "../../../settings/settings.ts";
import {
  ACCOUNT_OPTIONS,
  type AccountContext,
  type AccountFlags,
  fleetMember,
  instancesById,
  withAws,
} from "../../account.ts";
import { fleetsBalancer } from "../../balancers/lookup.ts";
import { forEachTarget, presentIn } from "../targets.ts";
import { registrationsOf, waitAtBalancer } from "./at_balancer.ts";

/** How a command puts instances into service. */
interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** How a row describes a changed instance. */
  readonly done: string;
  /** Returns why the command leaves an instance unchanged. Returns undefined if it changes the instance. */
  readonly whyUnchanged: (
    instance: Ec2Instance,
    registration: Registration | undefined,
  ) => string | undefined;
  /** Returns why the command refuses an instance. Returns undefined if it does not. */
  readonly refusal: (instance: Ec2Instance) => ExitError | undefined;
}

/** Declares a command that puts instances into service. */
function entry({ name, summary, description, done, whyUnchanged, refusal }: Entry) {
  return command({
    name,
    summary,
    description,
    args: "ID…",
    options: { startTimeout: SETTINGS.startTimeout, ...ACCOUNT_OPTIONS },
    examples: [`admin instances ${name} i-0123456789abcdef0`],
    run: (context) =>
      withAws(context, async (aws) => {
        const { flags, args, out, signal } = context;
        const balancer = await fleetsBalancer(aws, flags, signal);
        const fleet = await onceRunning(aws, args, context);
        const registered = await registrationsOf(aws, balancer, fleet, signal);
        const unchanged = (instance: Ec2Instance) => whyUnchanged(instance, registered.get(instance.id));
        const changing = presentIn(
          fleet,
          args,
          (instance) => unchanged(instance) === undefined && refusal(instance) === undefined,
        );
        const enter = enterer(aws, balancer, fleet, changing, signal);
        return await forEachTarget(context, ["id", "action"], args, (id) => {
          const instance = fleetMember(fleet, id, flags);
          const why = unchanged(instance);
          if (why !== undefined) {
            return {
              actions: [`leave ${id}: ${why}`],
              apply: () => Promise.resolve([{ id, action: "unchanged" }]),
            };
          }
          const refused = refusal(instance);
          if (refused !== undefined) throw refused;
          return {
            actions: [`${name} ${id} (${instance.state})`],
            apply: async () => {
              await enter(id);
              if (isRunning(instance)) {
                out.progress(`${id} is registered, and not in service yet`);
                await waitAtBalancer(aws, balancer, id, {
                  expected: "in service",
                  until: (health) => health?.registration === "in-service",
                  timeout: flags.startTimeout,
                  signal,
                });
              }
              return [{ id, action: done }];
            },
          };
        });
      }),
  });
}

/** Interval between two reads of the instances, in ms. */
const POLL_INTERVAL = 1_000;

/**
 * Returns the instances of the fleet by id. Before that, waits until none of the targets is pending, because a person has often just
 * started them. Waits for at most `--start-timeout`. With `--dry-run`, does not wait.
 */
async function onceRunning(
  aws: Aws,
  ids: readonly string[],
  { flags, out, signal }: AccountContext & {
    readonly flags: AccountFlags & { readonly startTimeout: number };
  },
): Promise<ReadonlyMap<string, Ec2Instance>> {
  const deadline = realClock.elapsed() + flags.startTimeout;
  for (;;) {
    const fleet = await instancesById(aws, flags, signal);
    const pending = ids.find((id) => fleet.get(id)?.state === "pending");
    if (pending === undefined || flags.dryRun || realClock.elapsed() >= deadline) return fleet;
    out.progress(`${pending} is pending`);
    await realClock.sleep(POLL_INTERVAL, signal);
  }
}

/** Returns the function that registers one of the instances, if it runs, and then deletes its tags. */
function enterer(
  aws: Aws,
  balancer: BalancerRef,
  fleet: ReadonlyMap<string, Ec2Instance>,
  ids: readonly string[],
  signal: AbortSignal,
): (id: string) => Promise<true> {
  return batched(ids, async (batch) => {
    const running = batch.filter((id) => isRunning(fleet.get(id)));
    if (running.length > 0) await register(aws, balancer, running, signal);
    await untagInstances(aws, batch, ["byOperator", "detached"], signal);
    return allDone(batch);
  });
}

function isRunning(instance: Ec2Instance | undefined): boolean {
  return instance?.state === "running";
}

/** The command `kas admin instances attach`. */
export const attach = entry({
  name: "attach",
  summary: "End the maintenance of instances: register them, and wait until they are in service",
  description:
    "If an instance is stopped, kas only ends its maintenance: the autoscaler can then start the instance. To put a node into\n" +
    "service that somebody started by hand, use `kas admin instances adopt`.",
  done: "attached",
  whyUnchanged: ({ detached }) => detached ? undefined : "it is not detached for maintenance",
  refusal: ({ id, state }) =>
    state === "pending" || state === "shutting-down"
      ? new ExitError(`Cannot attach ${id}: it is ${state}`, 1, "again when it runs")
      : undefined,
});

/** The command `kas admin instances adopt`. */
export const adopt = entry({
  name: "adopt",
  summary: "Put running instances of the fleet into service that somebody started by hand",
  description:
    "Registers the instances and waits until they are in service. Also ends the maintenance of a detached instance.",
  done: "adopted",
  whyUnchanged: ({ detached, byOperator }, registration) =>
    registration === "in-service" && !detached && byOperator === undefined ? "it is in service" : undefined,
  refusal: (instance) => {
    const { id, state, autoScalingGroup, quarantine } = instance;
    if (state !== "running") {
      const hint = state === "stopped" ? ["kas", "admin", "instances", "start", id] : undefined;
      return new ExitError(`Cannot adopt ${id}: it is ${state}`, 1, hint);
    }
    if (autoScalingGroup !== undefined) {
      return new ExitError(`Cannot adopt ${id}: it belongs to the Auto Scaling group ${autoScalingGroup}`);
    }
    return isQuarantined(instance, Date.now())
      ? new ExitError(
        `Cannot adopt ${id}: it is in quarantine: ${quarantine}`,
        1,
        ["kas", "admin", "instances", "release", id],
      )
      : undefined;
  },
});
