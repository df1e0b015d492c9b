/**
 * `kas admin instances start|stop|terminate|release`: changes instances directly, without the autoscaler's checks.
 * `kas admin scale` makes these checks.
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
import {
  ACCOUNT_OPTIONS,
  type AccountFlags,
  fleetMember,
  instancesById,
  toExitError,
  withAws,
} from "../account.ts";
import { confirmed, forEachTarget } from "./targets.ts";

const COLUMNS = ["id", "before", "after"];

const force = {
  help: "also stop or terminate base and control instances",
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
      return await forEachTarget(context, COLUMNS, args, (id) => {
        const { state } = fleetMember(fleet, id, flags);
        return {
          actions: [`start ${id} (${state})`],
          apply: async () => [changeRow(await startInstance(aws, id, signal))],
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
      return await forEachTarget(context, COLUMNS, args, (id) => {
        const instance = fleetMember(fleet, id, flags);
        requireForce(instance, "stop", flags.force);
        return {
          actions: [`stop ${id} (${instance.state})`],
          apply: async () => [changeRow(await stopInstance(aws, id, signal))],
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
      return await forEachTarget(context, COLUMNS, args, (id) => {
        const instance = fleetMember(fleet, id, flags);
        requireForce(instance, "terminate", flags.force);
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
    // If the operator ran the same command again, it would not find the terminated instance. Therefore the hint is another command.
    const cause = toExitError(error);
    if (signal.aborted || !(cause instanceof ExitError)) throw error;
    const message = `${id} is ${row["after"]}, but its alarms still exist: ${cause.message}`;
    throw new ExitError(message, cause.status, ["kas", "admin", "alarms", "delete", "--instance", id], {
      cause,
    });
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

/** Throws an ExitError if the instance is a base or control instance and `--force` is not set (R3). */
function requireForce({ id, role }: Ec2Instance, verb: string, forced: boolean): void {
  if (role !== "node" && !forced) {
    throw new ExitError(`Cannot ${verb} ${id}: it is a ${role} instance`, 1, "--force");
  }
}

function changeRow({ id, before, after }: StateChange): Row {
  return { id, before, after };
}

/** The command `kas admin instances release`. */
export const release = command({
  name: "release",
  summary: "Release instances from quarantine",
  args: "ID…",
  options: ACCOUNT_OPTIONS,
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, args, signal } = context;
      const fleet = await instancesById(aws, flags, signal);
      return await forEachTarget(context, ["id", "action"], args, (id) => {
        const { quarantine } = fleetMember(fleet, id, flags);
        if (quarantine === undefined) {
          return {
            actions: [`leave ${id}: it is not quarantined`],
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
