/**
 * `kas admin instances start|stop|terminate|release`: moves instances by hand, as told, without scaling's rules
 * (`kas admin scale` keeps them).
 *
 * @module
 */
import { deleteAlarms, fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import { type BalancerRef, balancerRef, deregister, registrations } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { isNotFound } from "../../aws/errors.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { endQuarantine as releaseInstance } from "../../aws/ec2/quarantine.ts";
import {
  startInstance,
  type StateChange,
  stopInstance,
  terminateInstance,
} from "../../aws/ec2/state_changes.ts";
import { command, ExitError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { flag } from "../../cli/parsers.ts";
import { ACCOUNT, type AccountFlags, asExitError, connected, fleetById, member } from "../account.ts";
import { confirmed, forEachTarget } from "./targets.ts";

const COLUMNS = ["id", "before", "after"];

const force = {
  help: "base and control instances too",
  default: "false",
  parse: flag,
} as const;

export const start = command({
  name: "start",
  summary: "Start instances",
  args: "ID…",
  options: ACCOUNT,
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, args, signal } = context;
      const fleet = await fleetById(aws, flags, signal);
      return await forEachTarget(context, COLUMNS, args, (id) => {
        const { state } = member(fleet, id, flags);
        return {
          actions: [`start ${id} (${state})`],
          apply: async () => [changeRow(await startInstance(aws, id, signal))],
        };
      });
    }),
});

export const stop = command({
  name: "stop",
  summary: "Stop instances at once, without draining",
  description:
    "Requests under way at the instance are cut off; `kas admin scale in --instance ID` drains it first.",
  args: "ID…",
  options: { force, ...ACCOUNT },
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, args, signal } = context;
      const fleet = await fleetById(aws, flags, signal);
      return await forEachTarget(context, COLUMNS, args, (id) => {
        const instance = member(fleet, id, flags);
        protect(instance, "stop", flags.force);
        return {
          actions: [`stop ${id} (${instance.state})`],
          apply: async () => [changeRow(await stopInstance(aws, id, signal))],
        };
      });
    }),
});

export const terminate = command({
  name: "terminate",
  summary: "Deregister and terminate instances, and delete their alarms",
  args: "ID…",
  options: { force, ...ACCOUNT },
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, args, signal } = context;
      const fleet = await fleetById(aws, flags, signal);
      const known = args.filter((id) => fleet.has(id));
      if (!flags.dryRun && known.length > 0) {
        const question = `Terminate ${known.join(", ")} of fleet ${flags.fleet} for good?`;
        if (!await confirmed(context, question)) return 1;
      }
      return await forEachTarget(context, COLUMNS, args, (id) => {
        const instance = member(fleet, id, flags);
        protect(instance, "terminate", flags.force);
        return {
          actions: [`terminate ${id} (${instance.state}), deregister it and delete its alarms`],
          apply: () => terminateOne(aws, id, flags, signal),
        };
      });
    }),
});

async function terminateOne(aws: Aws, id: string, flags: AccountFlags, signal: AbortSignal): Promise<Row[]> {
  const balancer = balancerRef(flags);
  if (await isRegistered(aws, balancer, id, signal)) await deregister(aws, balancer, id, signal);
  const row = changeRow(await terminateInstance(aws, id, signal));
  try {
    await deleteAlarmsOf(aws, id, flags.fleet, signal);
  } catch (error) {
    // Another try would not find the instance any more.
    const told = asExitError(error);
    if (signal.aborted || !(told instanceof ExitError)) throw error;
    const message = `${id} is ${row["after"]}, but its alarms are still there: ${told.message}`;
    throw new ExitError(message, told.status, `kas admin alarms delete --instance ${id}`, { cause: told });
  }
  return [row];
}

async function deleteAlarmsOf(aws: Aws, id: string, fleet: string, signal: AbortSignal): Promise<void> {
  const alarms = (await fleetAlarms(aws, fleet, signal)).filter(({ dimension }) => dimension === id);
  if (alarms.length > 0) await deleteAlarms(aws, alarms.map(({ name }) => name));
}

async function isRegistered(
  aws: Aws,
  balancer: BalancerRef,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await registrations(aws, balancer, signal)).has(id);
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Keeps base and control instances from harm (R3). */
function protect({ id, role }: Ec2Instance, verb: string, forced: boolean): void {
  if (role !== "node" && !forced) {
    throw new ExitError(`Cannot ${verb} ${id}: it is a ${role} instance`, 1, "--force");
  }
}

function changeRow({ id, before, after }: StateChange): Row {
  return { id, before, after };
}

export const release = command({
  name: "release",
  summary: "Lift the quarantine of instances that failed to come into service",
  args: "ID…",
  options: ACCOUNT,
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, args, signal } = context;
      const fleet = await fleetById(aws, flags, signal);
      return await forEachTarget(context, ["id", "action"], args, (id) => {
        const { quarantine } = member(fleet, id, flags);
        if (quarantine === undefined) {
          return {
            actions: [`leave ${id}: it is not in quarantine`],
            apply: () => Promise.resolve([{ id, action: "unchanged" }]),
          };
        }
        return {
          actions: [`release ${id} (${quarantine})`],
          apply: async () => {
            await releaseInstance(aws, id);
            return [{ id, action: "released" }];
          },
        };
      });
    }),
});
