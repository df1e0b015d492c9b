/**
 * The command `kas admin alarms delete`.
 *
 * @module
 */
import { deleteAlarms, fleetAlarms, MAX_ALARMS } from "../../aws/cloudwatch/alarms.ts";
import { allDone, batched } from "../../aws/many/batches.ts";
import { command, ExitError, UsageError } from "../../cli/command.ts";
import { text } from "../../cli/parsers.ts";
import { ACCOUNT_OPTIONS, withAws } from "../account.ts";
import { forEachTarget } from "../instances/targets.ts";
import { existingAlarm } from "./lookup.ts";

export const remove = command({
  name: "delete",
  summary: "Delete alarms by name, or all alarms of an instance",
  args: "[NAME…]",
  options: {
    instance: { placeholder: "ID", help: "delete all alarms of this instance", parse: text },
    ...ACCOUNT_OPTIONS,
  },
  run: (context) => {
    const { flags: { fleet, instance }, args, signal } = context;
    if ((args.length > 0) === (instance !== undefined)) {
      throw new UsageError("kas admin alarms delete needs either NAME… or --instance ID");
    }
    return withAws(context, async (aws) => {
      const existing = await fleetAlarms(aws, fleet, signal);
      const ofInstance = existing.filter(({ dimension }) => dimension === instance).map(({ name }) => name);
      if (instance !== undefined && ofInstance.length === 0) {
        throw new ExitError(`Fleet ${fleet} has no alarms of ${instance}`, 4);
      }
      const names = instance === undefined ? args : ofInstance;
      const known = new Set(existing.map(({ name }) => name));
      const deleteOne = batched([...new Set(names)].filter((name) => known.has(name)), async (batch) => {
        await deleteAlarms(aws, batch, signal);
        return allDone(batch);
      }, MAX_ALARMS);
      return await forEachTarget(context, ["name", "action"], names, (name) => {
        existingAlarm(name, existing, fleet);
        return {
          actions: [`delete alarm ${name}`],
          apply: async () => {
            await deleteOne(name);
            return [{ name, action: "deleted" }];
          },
        };
      });
    });
  },
});
