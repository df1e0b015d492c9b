/**
 * `kas admin instances start|stop|terminate`: changes instances directly, without the autoscaler's checks.
 * `kas admin scale` makes these checks.
 *
 * @module
 */
import { deleteAlarms, fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import { type BalancerRef, registrations } from "../../aws/balancing/balancer.ts";
import { batched, type Results } from "../../aws/many/batches.ts";
import type { Aws } from "../../aws/clients.ts";
import { isNotFound } from "../../aws/errors.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { byOperator, untagInstances } from "../../aws/ec2/operator_tags.ts";
import { startInstances, type StateChange, stopInstances } from "../../aws/ec2/state_changes.ts";
import { command, ExitError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { flag } from "../../cli/parsers.ts";
import {
  ACCOUNT_OPTIONS,
  type AccountFlags,
  fleetMember,
  instancesById,
  toExitError,
  withAws,
} from "../account.ts";
import { fleetsBalancer } from "../balancers/lookup.ts";
import { removeInstances } from "./removal.ts";
import { confirmed, forEachTarget, presentIn, takenOut } from "./targets.ts";

const COLUMNS = ["id", "before", "after"];

const force = {
  help: "also stop or terminate base, control and protected instances",
  default: "false",
  parse: flag,
} as const;

/** The command `kas admin instances start`. */
export const start = command({
  name: "start",
  summary: "Start instances",
  args: "ID…",
  options: ACCOUNT_OPTIONS,
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, args, signal } = context;
      const fleet = await instancesById(aws, flags, signal);
      const startOne = batched(presentIn(fleet, args), async (batch) => {
        const changes = await startInstances(aws, batch, signal);
        await untagInstances(aws, takenOut(fleet, batch), ["byOperator"], signal);
        return changes;
      });
      return await forEachTarget(context, COLUMNS, args, (id) => {
        const { state } = fleetMember(fleet, id, flags);
        return {
          actions: [`start ${id} (${state})`],
          apply: async () => [changeRow(await startOne(id))],
        };
      });
    }),
});

/** The command `kas admin instances stop`. */
export const stop = command({
  name: "stop",
  summary: "Stop instances immediately, without draining",
  description:
    "Requests in progress on the instances fail. `kas admin scale in --instance ID` drains an instance first.",
  args: "ID…",
  options: { force, ...ACCOUNT_OPTIONS },
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, args, signal } = context;
      const fleet = await instancesById(aws, flags, signal);
      const stopOne = batched(
        presentIn(fleet, args, (instance) => flags.force || whyForce(instance) === undefined),
        (batch) => byOperator(aws, batch, signal, () => stopInstances(aws, batch, signal)),
      );
      return await forEachTarget(context, COLUMNS, args, (id) => {
        const instance = fleetMember(fleet, id, flags);
        requireForce(instance, "stop", flags.force);
        return {
          actions: [`stop ${id} (${instance.state})`],
          apply: async () => [changeRow(await stopOne(id))],
        };
      });
    }),
});

/** The command `kas admin instances terminate`. */
export const terminate = command({
  name: "terminate",
  summary: "Deregister and terminate instances, and delete their alarms",
  args: "ID…",
  options: { force, ...ACCOUNT_OPTIONS },
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, args, signal } = context;
      const fleet = await instancesById(aws, flags, signal);
      const inFleet = args.filter((id) => fleet.has(id));
      if (!flags.dryRun && inFleet.length > 0) {
        const question = `Terminate ${inFleet.join(", ")} of fleet ${flags.fleet} permanently?`;
        if (!await confirmed(context, question)) return 1;
      }
      const terminateOne = await terminator(
        aws,
        presentIn(fleet, args, (instance) => flags.force || whyForce(instance) === undefined),
        flags,
        signal,
      );
      return await forEachTarget(context, COLUMNS, args, (id) => {
        const instance = fleetMember(fleet, id, flags);
        requireForce(instance, "terminate", flags.force);
        return {
          actions: [`deregister and terminate ${id} (${instance.state}), and delete its alarms`],
          apply: async () => [await terminateOne(id)],
        };
      });
    }),
});

/** The termination of an instance, and why its alarms still exist, if they do. */
interface Termination {
  readonly change: StateChange;
  readonly alarmsError?: unknown;
}

/** Returns the function that deregisters and terminates one of the instances, deletes its alarms, and returns its row. */
async function terminator(
  aws: Aws,
  ids: readonly string[],
  flags: AccountFlags,
  signal: AbortSignal,
): Promise<(id: string) => Promise<Row>> {
  const balancer = await fleetsBalancer(aws, flags, signal);
  const registered = await registeredIds(aws, balancer, signal);
  const alarms = Map.groupBy(await fleetAlarms(aws, flags.fleet, signal), ({ dimension }) => dimension);
  const terminated = new Set(ids);
  const terminate = batched(ids, async (batch): Promise<Results<Termination>> => {
    const changes = await removeInstances(aws, balancer, { ids: batch, registered, terminated }, signal);
    const names = [...changes.keys()].flatMap((id) => alarms.get(id) ?? []).map(({ name }) => name);
    // A failed deletion must not fail the whole batch: `batched` would terminate the instances again.
    const failure = await deleteAlarms(aws, names, signal).then(
      () => ({}),
      (alarmsError) => ({ alarmsError }),
    );
    return new Map(
      [...changes].flatMap(([id, change]) => change === undefined ? [] : [[id, { change, ...failure }]]),
    );
  });
  return async (id) => {
    const { change, alarmsError } = await terminate(id);
    if (alarmsError === undefined || !alarms.has(id)) return changeRow(change);
    // If the operator ran the same command again, it would not find the terminated instance. Therefore the hint is another command.
    const cause = toExitError(alarmsError);
    if (signal.aborted || !(cause instanceof ExitError)) throw alarmsError;
    const message = `${id} is ${change.after}, but its alarms still exist: ${cause.message}`;
    throw new ExitError(message, cause.status, ["kas", "admin", "alarms", "delete", "--instance", id], {
      cause,
    });
  };
}

/** Returns the ids of the registered instances, or none if the load balancer does not exist. */
async function registeredIds(
  aws: Aws,
  balancer: BalancerRef,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  try {
    return new Set((await registrations(aws, balancer, signal)).keys());
  } catch (error) {
    if (isNotFound(error)) return new Set();
    throw error;
  }
}

/** Returns why the command needs `--force` to stop an instance (R3, R8). Returns undefined if it does not need it. */
function whyForce(instance: Ec2Instance): string | undefined {
  if (instance.role !== "node") return `it is a ${instance.role} instance`;
  return instance.protected ? "it is protected" : undefined;
}

/** Throws an ExitError if the command needs `--force`, and it is not set. */
function requireForce(instance: Ec2Instance, verb: string, forced: boolean): void {
  const why = whyForce(instance);
  if (why !== undefined && !forced) {
    throw new ExitError(`Cannot ${verb} ${instance.id}: ${why}`, 1, "--force");
  }
}

function changeRow({ id, before, after }: StateChange): Row {
  return { id, before, after };
}
