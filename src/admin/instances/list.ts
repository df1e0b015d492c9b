/**
 * The command `kas admin instances list`.
 *
 * @module
 */
import { awaitAll } from "../../aws/many/await_all.ts";
import { type BalancerRef, registrationsIn, titleOf } from "../../aws/balancing/balancer.ts";
import { fleetHealth } from "../../aws/balancing/unbalanced.ts";
import type { Aws } from "../../aws/clients.ts";
import { type Ec2Instance, fleetInstances } from "../../aws/ec2/instances.ts";
import { isNotFound } from "../../aws/errors.ts";
import { command } from "../../cli/command.ts";
import { isoTime } from "../../cli/format.ts";
import type { Row } from "../../cli/output.ts";
import { oneOf } from "../../cli/parsers.ts";
import { type InstanceState, isQuarantined, type Registration } from "../../scaling/model/instance.ts";
import { ACCOUNT_OPTIONS, type AccountContext, fleetSelector, withAws } from "../account.ts";
import { fleetsBalancer, missing } from "../balancers/lookup.ts";
import { refuseUnknown } from "../setup/fleets.ts";

/** The values of --state. A terminated instance is not part of the fleet. */
const STATES = [
  "pending",
  "running",
  "stopping",
  "stopped",
  "shutting-down",
] as const satisfies InstanceState[];

const parseState = oneOf(...STATES);

const COLUMNS = [
  "id",
  "name",
  "role",
  "state",
  "type",
  "zone",
  "private_ip",
  "public_dns",
  "launched",
  "health",
  "protected",
];

/** Columns that kas omits on a narrow terminal, the first one first. */
const OPTIONAL_COLUMNS = ["launched", "private_ip", "public_dns", "protected", "type", "zone"];

export const list = command({
  name: "list",
  summary: "List the fleet's instances and their health at the load balancer",
  description:
    "HEALTH is InService, OutOfService or Draining at the load balancer. Without a load balancer (--balancer none), a running\n" +
    "instance is InService if it has passed EC2's status checks. Quarantined: kas does not start or stop the instance.\n" +
    "Detached: an operator detached the instance for maintenance, or it is a node that runs without being registered.",
  options: {
    state: {
      placeholder: "STATE",
      help: "list only instances in this state",
      choices: STATES,
      parse: parseState,
    },
    ...ACCOUNT_OPTIONS,
  },
  examples: ["admin instances --state stopped", "admin instances list --output json"],
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, out, signal } = context;
      const instances = fleetInstances(aws, fleetSelector(flags), signal);
      const balancer = await fleetsBalancer(aws, flags, signal);
      // kas requests both lists at the same time, so that it waits for AWS only once.
      const [registered, first] = await awaitAll([
        registrationsIfAny(aws, balancer, context),
        instances.next(),
      ]);
      if (first.done) await refuseUnknown(aws, flags.fleet, signal);
      let found = 0;
      async function* rows(): AsyncGenerator<Row> {
        for (let next = first; !next.done; next = await instances.next()) {
          const instance = next.value;
          found++;
          if (flags.state === undefined || instance.state === flags.state) {
            yield instanceRow(instance, registered && (registered.get(instance.id) ?? "none"));
          }
        }
      }
      await out.table(COLUMNS, rows(), OPTIONAL_COLUMNS);
      if (found === 0) {
        out.hint(
          `Fleet ${flags.fleet} has no instances. EC2 shows an instance some seconds after its creation. ` +
            "Next: kas admin instances create --role base --image AMI",
        );
      }
      if (registered !== undefined) return;
      if (flags.targetGroup.length > 0 || flags.loadBalancer !== undefined) throw missing(balancer);
      out.detail(`There is no ${titleOf(balancer)}: health is unknown`);
    }),
});

/** Returns the registrations at the fleet's load balancer by instance id, or undefined if there is no load balancer. */
async function registrationsIfAny(
  aws: Aws,
  balancer: BalancerRef,
  { flags, signal }: AccountContext,
): Promise<ReadonlyMap<string, Registration> | undefined> {
  try {
    const list = () => Array.fromAsync(fleetInstances(aws, fleetSelector(flags), signal));
    return registrationsIn(await fleetHealth(aws, balancer, list, signal));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

/** The words of ELB for each registration. */
const HEALTH = {
  "out-of-service": "OutOfService",
  "in-service": "InService",
  "draining": "Draining",
} as const satisfies Record<Exclude<Registration, "none">, string>;

/** Returns the value of the column HEALTH. `registration` is undefined if there is no load balancer. */
function healthOf(instance: Ec2Instance, registration: Registration | undefined): string | undefined {
  const { role, state, detached } = instance;
  if (registration !== undefined && registration !== "none") return HEALTH[registration];
  if (isQuarantined(instance, Date.now())) return "Quarantined";
  const isUnregistered = role === "node" && state === "running" && registration === "none";
  return detached || isUnregistered ? "Detached" : undefined;
}

function instanceRow(instance: Ec2Instance, registration: Registration | undefined): Row {
  const { id, name, role, state, type, zone, privateIp, publicDns, launched } = instance;
  return {
    id,
    name,
    role,
    state,
    type,
    zone,
    private_ip: privateIp,
    public_dns: publicDns,
    launched: launched === undefined ? undefined : isoTime(launched),
    protected: instance.protected ?? false,
    health: healthOf(instance, registration),
  };
}
