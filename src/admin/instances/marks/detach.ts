/**
 * `kas admin instances detach`: takes instances out of service for maintenance, without stopping them.
 *
 * @module
 */
import { type BalancerRef, deregister } from "../../../aws/balancing/balancer.ts";
import type { Aws } from "../../../aws/clients.ts";
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { withRegistration } from "../../../aws/ec2/instances.ts";
import { byOperator } from "../../../aws/ec2/operator_tags.ts";
import { allDone, batched } from "../../../aws/many/batches.ts";
import { command } from "../../../cli/command.ts";
import { counted } from "../../../cli/format.ts";
import { boundsOf } from "../../../scaling/model/capacity.ts";
import { inService, type Registration } from "../../../scaling/model/instance.ts";
import { SETTINGS } from "../../../settings/settings.ts";
import { ACCOUNT_OPTIONS, fleetMember, instancesById, withAws } from "../../account.ts";
import { fleetsBalancer } from "../../balancers/lookup.ts";
import { forEachTarget, presentIn } from "../targets.ts";
import { registrationsOf, waitAtBalancer } from "./at_balancer.ts";

/** The command `kas admin instances detach`. */
export const detach = command({
  name: "detach",
  summary: "Take instances out of service for maintenance: drained and left running",
  description:
    "Deregisters the instances and waits until their requests have ended. The autoscaler does not start, stop or replace a\n" +
    "detached instance, and does not count it as capacity. `kas admin instances attach` ends this.",
  args: "ID…",
  options: { min: SETTINGS.min, drainTimeout: SETTINGS.drainTimeout, ...ACCOUNT_OPTIONS },
  examples: ["admin instances detach i-0123456789abcdef0"],
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, args, out, signal } = context;
      const balancer = await fleetsBalancer(aws, flags, signal);
      const fleet = await instancesById(aws, flags, signal);
      const registered = await registrationsOf(aws, balancer, fleet, signal);
      const isDone = ({ id, detached }: Ec2Instance) => detached === true && !registered.has(id);
      const toDetach = presentIn(fleet, args, (instance) => !isDone(instance));
      const shortage = shortageWithout(new Set(toDetach), [...fleet.values()], registered, flags.min);
      if (shortage !== undefined) out.note(shortage);
      const detachOne = detacher(aws, balancer, registered, toDetach, signal);
      return await forEachTarget(context, ["id", "action"], args, (id) => {
        const instance = fleetMember(fleet, id, flags);
        if (isDone(instance)) {
          return {
            actions: [`leave ${id}: it is already detached`],
            apply: () => Promise.resolve([{ id, action: "unchanged" }]),
          };
        }
        return {
          actions: [`detach ${id} (${instance.state}${registered.has(id) ? `, ${registered.get(id)}` : ""})`],
          apply: async () => {
            await detachOne(id);
            if (registered.has(id)) {
              out.progress(`${id} drains`);
              await waitAtBalancer(aws, balancer, id, {
                expected: "drained",
                until: (health) => health === undefined,
                timeout: flags.drainTimeout,
                signal,
              });
            }
            return [{ id, action: "detached" }];
          },
        };
      });
    }),
});

/** Returns the function that tags and deregisters one of the instances. */
function detacher(
  aws: Aws,
  balancer: BalancerRef,
  registered: ReadonlyMap<string, Registration>,
  ids: readonly string[],
  signal: AbortSignal,
): (id: string) => Promise<true> {
  return batched(ids, async (batch) => {
    const toDeregister = batch.filter((id) => registered.has(id));
    const change = async () => {
      if (toDeregister.length > 0) await deregister(aws, balancer, toDeregister, signal);
    };
    await byOperator(aws, batch, signal, change, ["detached"]);
    return allDone(batch);
  });
}

/** Returns a warning if fewer than min instances stay in service. Returns undefined if enough stay, or if none leaves service. */
function shortageWithout(
  leaving: ReadonlySet<string>,
  fleet: readonly Ec2Instance[],
  registered: ReadonlyMap<string, Registration>,
  min: number | undefined,
): string | undefined {
  const instances = withRegistration(fleet, registered);
  const serving = instances.filter(inService);
  const staying = serving.filter(({ id }) => !leaving.has(id)).length;
  const limits = {
    warmup: 0,
    cooldownOut: 0,
    cooldownIn: 0,
    resync: 0,
    ...(min === undefined ? {} : { min }),
  };
  const { value } = boundsOf({ now: Date.now(), limits, instances }).min;
  if (staying === serving.length || staying >= value) return undefined;
  return `Only ${counted(staying, "instance")} will be in service, and min is ${value}. ` +
    "The autoscaler starts standby nodes instead, if it has any.";
}
