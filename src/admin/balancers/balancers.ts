/**
 * `kas admin balancers`: the account's Classic Load Balancers, or the fleet's target group, and who is registered there.
 *
 * @module
 */
import {
  type Balancer,
  type BalancerRef,
  balancerRef,
  deregister,
  findBalancer,
  health,
  register,
  titleOf,
} from "../../aws/balancing/balancer.ts";
import { createBalancer, listBalancers } from "../../aws/balancing/classic_balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { command, ExitError, type Group, UsageError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { text } from "../../cli/parsers.ts";
import { ACCOUNT, type AccountFlags, connected, fleetById, member } from "../account.ts";
import { forEachTarget, printActions } from "../instances/targets.ts";

const list = command({
  name: "list",
  summary: "The account's Classic Load Balancers, or the --target-group, with the health of each instance",
  options: ACCOUNT,
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, out, signal } = context;
      const meant = balancerRef(flags);
      async function* rows(): AsyncGenerator<Row> {
        if (meant.kind === "target-group") {
          const { dnsName } = await existingBalancer(aws, meant, signal);
          return yield* await healthRows(aws, meant, dnsName, signal);
        }
        for await (const { name, dnsName } of listBalancers(aws, signal)) {
          yield* await healthRows(aws, { kind: "classic", name }, dnsName, signal);
        }
      }
      await out.table(["name", "dns_name", "instance", "health", "reason"], rows());
    }),
});

/** A balancer's instances, or one row for a balancer without any. */
async function healthRows(
  aws: Aws,
  balancer: BalancerRef,
  dnsName: string,
  signal: AbortSignal,
): Promise<Row[]> {
  const { name } = balancer;
  const found = await health(aws, balancer, signal);
  if (found.length === 0) return [{ name, dns_name: dnsName }];
  return found.map(({ id, state, description }) => ({
    name,
    dns_name: dnsName,
    instance: id,
    health: state,
    reason: description === "N/A" ? undefined : description,
  }));
}

const create = command({
  name: "create",
  summary: "Create a load balancer: HTTP 30000 to 30000, health check /ping, connection draining",
  args: "NAME",
  options: {
    zone: {
      placeholder: "ZONE",
      help: "availability zone; may be repeated; by default those of the fleet's instances",
      repeat: true,
      parse: text,
    },
    ...ACCOUNT,
  },
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, args: [given = ""], out, signal } = context;
      const name = checkedName(given);
      const zones = flags.zone.length > 0 ? flags.zone : zonesOf(
        (await fleetById(aws, flags, signal)).values(),
        flags.fleet,
        `kas admin balancers create ${name} --zone ZONE`,
      );
      if (flags.dryRun) {
        return await printActions(out, [{ action: `create load balancer ${name} in ${zones.join(", ")}` }]);
      }
      const { dnsName } = await createBalancer(aws, name, zones);
      await out.table(["name", "dns_name"], [{ name, dns_name: dnsName }]);
    }),
});

/** A name that ELB takes. Source: ELB API 2012-06-01, CreateLoadBalancer, LoadBalancerName. */
function checkedName(name: string): string {
  if (/^(?!-)[A-Za-z0-9-]{1,32}(?<!-)$/.test(name)) return name;
  throw new UsageError(
    `Cannot take "${name}" for a load balancer's name: expected up to 32 letters, digits and inner hyphens`,
  );
}

/**
 * The zones a fleet's balancer has to be in.
 *
 * @throws {ExitError} 4 if the fleet has no instances
 */
export function zonesOf(instances: Iterable<Ec2Instance>, fleet: string, hint: string): string[] {
  const zones = new Set(Array.from(instances, ({ zone }) => zone));
  if (zones.size === 0) {
    throw new ExitError(
      `Fleet ${fleet} has no instances to tell a zone by`,
      4,
      hint,
    );
  }
  return [...zones].sort();
}

const registerCommand = command({
  name: "register",
  summary: "Register instances of the fleet with a load balancer, or with the --target-group of that name",
  args: "NAME ID…",
  options: ACCOUNT,
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, args: [given = "", ...ids], signal } = context;
      const balancer = namedBalancer(given, flags);
      const { name } = balancer;
      const registered = new Set((await existingBalancer(aws, balancer, signal)).instances);
      const fleet = await fleetById(aws, flags, signal);
      return await forEachTarget(context, ["name", "instance", "action"], ids, (id) => {
        const { state } = member(fleet, id, flags);
        if (registered.has(id)) return unchanged(name, id, `leave ${id}: it is registered with ${name}`);
        return {
          actions: [`register ${id} (${state}) with ${name}`],
          apply: async () => {
            await register(aws, balancer, id, signal);
            return [{ name, instance: id, action: "registered" }];
          },
        };
      });
    }),
});

const deregisterCommand = command({
  name: "deregister",
  summary: "Deregister instances from a load balancer or the --target-group, which drains their connections",
  args: "NAME ID…",
  options: ACCOUNT,
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, args: [given = "", ...ids], signal } = context;
      const balancer = namedBalancer(given, flags);
      const { name } = balancer;
      const registered = new Set((await existingBalancer(aws, balancer, signal)).instances);
      const fleet = await fleetById(aws, flags, signal);
      return await forEachTarget(context, ["name", "instance", "action"], ids, (id) => {
        member(fleet, id, flags);
        if (!registered.has(id)) return unchanged(name, id, `leave ${id}: it is not registered with ${name}`);
        return {
          actions: [`deregister ${id} from ${name}`],
          apply: async () => {
            await deregister(aws, balancer, id, signal);
            return [{ name, instance: id, action: "deregistered" }];
          },
        };
      });
    }),
});

function unchanged(name: string, instance: string, action: string) {
  return { actions: [action], apply: () => Promise.resolve([{ name, instance, action: "unchanged" }]) };
}

/** The balancer of a name: the fleet's target group if that is its name or ARN, else a Classic Load Balancer. */
export function namedBalancer(given: string, flags: AccountFlags): BalancerRef {
  const meant = balancerRef(flags);
  const isMeant = meant.kind === "target-group" && (given === meant.name || given === meant.arn);
  return isMeant ? meant : { kind: "classic", name: given };
}

/**
 * A balancer as it is.
 *
 * @throws {ExitError} 4 if there is none
 */
export async function existingBalancer(
  aws: Aws,
  balancer: BalancerRef,
  signal: AbortSignal,
): Promise<Balancer> {
  const found = await findBalancer(aws, balancer, signal);
  if (found === undefined) throw new ExitError(`There is no ${titleOf(balancer)}`, 4, "kas admin balancers");
  return found;
}

/** `kas admin balancers`. */
export const balancers: Group = {
  name: "balancers",
  summary: "Load balancers: list, create, register, deregister",
  default: "list",
  commands: [list, create, registerCommand, deregisterCommand],
};
