/**
 * The command `kas admin balancers list`.
 *
 * @module
 */
import { fleetBalancer } from "../../autoscaler/flags/balancer.ts";
import { type BalancerRef, balancerRef, health, partsOf } from "../../aws/balancing/balancer.ts";
import { listBalancers } from "../../aws/balancing/classic_balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { command } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { ACCOUNT_OPTIONS, withAws } from "../account.ts";
import { findMadeGroup } from "../setup/balancer/made.ts";
import { existingBalancer } from "./lookup.ts";

export const list = command({
  name: "list",
  summary:
    "List the account's Classic Load Balancers and the one of setup, or --target-group, and the health of each registered instance",
  options: ACCOUNT_OPTIONS,
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, out, signal } = context;
      const balancer = fleetBalancer(flags);
      async function* rows(): AsyncGenerator<Row> {
        if (balancer.kind === "target-groups") {
          for (const group of partsOf(balancer)) {
            const { dnsName } = await existingBalancer(aws, group, signal);
            yield* await healthRows(aws, group, dnsName, signal);
          }
          return;
        }
        for await (const { name, dnsName } of listBalancers(aws, signal)) {
          yield* await healthRows(aws, { kind: "classic", name }, dnsName, signal);
        }
        const group = await findMadeGroup(aws, flags.fleet, signal);
        if (group === undefined) return;
        const made = balancerRef({ fleet: flags.fleet, targetGroup: [group.arn] });
        const { dnsName } = await existingBalancer(aws, made, signal);
        yield* await healthRows(aws, made, dnsName, signal);
      }
      await out.table(["name", "dns_name", "instance", "health", "reason"], rows());
    }),
});

/** Returns one row for each registered instance, or one row for a load balancer without instances. */
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
