/**
 * The command `kas admin balancers create`.
 *
 * @module
 */
import { createBalancer } from "../../aws/balancing/classic_setup.ts";
import { command, UsageError } from "../../cli/command.ts";
import { text } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { ACCOUNT_OPTIONS, instancesById, withAws } from "../account.ts";
import { printActions } from "../instances/targets.ts";
import { zonesOf } from "./lookup.ts";
import { placementIn } from "./placement.ts";

export const create = command({
  name: "create",
  summary: "Create a Classic Load Balancer: HTTP 30000 to 30000, health check /ping, connection draining",
  args: "NAME",
  options: {
    zone: {
      placeholder: "ZONE",
      help: "Availability Zone of the load balancer (default: the zones of the fleet's instances)",
      repeat: true,
      parse: text,
    },
    drainTimeout: {
      ...SETTINGS.drainTimeout,
      help: "the autoscaler's --drain-timeout; the load balancer gets a shorter draining timeout",
    },
    ...ACCOUNT_OPTIONS,
  },
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, args: [given = ""], out, signal } = context;
      const name = checkedName(given);
      const hint = ["kas", "admin", "balancers", "create", name, "--zone", "ZONE"];
      const instances = flags.zone.length > 0 ? [] : [...(await instancesById(aws, flags, signal)).values()];
      const zones = flags.zone.length > 0 ? flags.zone : zonesOf(instances, flags.fleet, hint);
      if (flags.dryRun) {
        return await printActions(out, [{ action: `create load balancer ${name} in ${zones.join(", ")}` }]);
      }
      const placement = await placementIn(aws, instances, flags.fleet, zones, signal);
      const dnsName = await createBalancer(aws, { name, drainTimeout: flags.drainTimeout }, placement);
      await out.table(["name", "dns_name"], [{ name, dns_name: dnsName }]);
    }),
});

/** Checks the name of a load balancer and returns it. Source: ELB API 2012-06-01, CreateLoadBalancer, LoadBalancerName. */
function checkedName(name: string): string {
  if (/^(?!-)[A-Za-z0-9-]{1,32}(?<!-)$/.test(name)) return name;
  throw new UsageError(
    `Cannot name a load balancer "${name}": expected up to 32 letters, digits and inner hyphens`,
  );
}
