/**
 * The commands `kas admin balancers register` and `kas admin balancers deregister`.
 *
 * @module
 */
import { deregister, register } from "../../aws/balancing/balancer.ts";
import { byOperator, untagInstances } from "../../aws/ec2/operator_tags.ts";
import { allDone, batched } from "../../aws/many/batches.ts";
import { command } from "../../cli/command.ts";
import { ACCOUNT_OPTIONS, fleetMember, instancesById, withAws } from "../account.ts";
import { forEachTarget, takenOut, type TargetPlan } from "../instances/targets.ts";
import { existingBalancer, namedBalancer } from "./lookup.ts";

const COLUMNS = ["name", "instance", "action"];

export const registerCommand = command({
  name: "register",
  summary: "Register instances of the fleet with a load balancer or with --target-group",
  args: "NAME ID…",
  options: ACCOUNT_OPTIONS,
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, args: [given = "", ...ids], signal } = context;
      const balancer = await namedBalancer(aws, given, flags, signal);
      const { name } = balancer;
      const registered = new Set((await existingBalancer(aws, balancer, signal)).instances);
      const fleet = await instancesById(aws, flags, signal);
      const missing = [...new Set(ids)].filter((id) => fleet.has(id) && !registered.has(id));
      const registerOne = batched(missing, async (batch) => {
        await register(aws, balancer, batch, signal);
        await untagInstances(aws, takenOut(fleet, batch), ["byOperator"], signal);
        return allDone(batch);
      });
      return await forEachTarget(context, COLUMNS, ids, (id) => {
        const { state } = fleetMember(fleet, id, flags);
        if (registered.has(id)) return unchanged(name, id, `leave ${id}: it is registered with ${name}`);
        return {
          actions: [`register ${id} (${state}) with ${name}`],
          apply: async () => {
            await registerOne(id);
            return [{ name, instance: id, action: "registered" }];
          },
        };
      });
    }),
});

export const deregisterCommand = command({
  name: "deregister",
  summary:
    "Deregister instances from a load balancer or from --target-group; requests in progress can still end",
  args: "NAME ID…",
  options: ACCOUNT_OPTIONS,
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, args: [given = "", ...ids], signal } = context;
      const balancer = await namedBalancer(aws, given, flags, signal);
      const { name } = balancer;
      const registered = new Set((await existingBalancer(aws, balancer, signal)).instances);
      const fleet = await instancesById(aws, flags, signal);
      const present = [...new Set(ids)].filter((id) => fleet.has(id) && registered.has(id));
      const deregisterOne = batched(present, async (batch) => {
        await byOperator(aws, batch, signal, () => deregister(aws, balancer, batch, signal));
        return allDone(batch);
      });
      return await forEachTarget(context, COLUMNS, ids, (id) => {
        fleetMember(fleet, id, flags);
        if (!registered.has(id)) return unchanged(name, id, `leave ${id}: it is not registered with ${name}`);
        return {
          actions: [`deregister ${id} from ${name}`],
          apply: async () => {
            await deregisterOne(id);
            return [{ name, instance: id, action: "deregistered" }];
          },
        };
      });
    }),
});

function unchanged(name: string, instance: string, action: string): TargetPlan {
  return { actions: [action], apply: () => Promise.resolve([{ name, instance, action: "unchanged" }]) };
}
