/**
 * The command `kas admin instances list`.
 *
 * @module
 */
import { awaitAll } from "../../aws/many/await_all.ts";
import { balancerRef, registrations, titleOf } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { type Ec2Instance, fleetInstances } from "../../aws/ec2/instances.ts";
import { isNotFound } from "../../aws/errors.ts";
import { command } from "../../cli/command.ts";
import { isoTime } from "../../cli/format.ts";
import type { Row } from "../../cli/output.ts";
import { oneOf } from "../../cli/parsers.ts";
import { type InstanceState, isQuarantined, type Registration } from "../../scaling/model/instance.ts";
import { ACCOUNT_OPTIONS, type AccountContext, fleetSelector, withAws } from "../account.ts";

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
      // kas requests both lists at the same time, so that it waits for AWS only once.
      const [registered, first] = await awaitAll([registrationsIfAny(aws, context), instances.next()]);
      let found = 0;
      async function* rows(): AsyncGenerator<Row> {
        for (let next = first; !next.done; next = await instances.next()) {
          const instance = next.value;
          found++;
          if (flags.state === undefined || instance.state === flags.state) {
            yield instanceRow(instance, registered.get(instance.id) ?? "none");
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
    }),
});

/** Returns the registrations at the fleet's load balancer by instance id. Without a load balancer, returns an empty map. */
async function registrationsIfAny(
  aws: Aws,
  { flags, out, signal }: AccountContext,
): Promise<ReadonlyMap<string, Registration>> {
  const balancer = balancerRef(flags);
  try {
    return await registrations(aws, balancer, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    out.detail(`There is no ${titleOf(balancer)}: health is unknown`);
    return new Map();
  }
}

/** The words of ELB for each registration. */
const HEALTH: Record<Registration, string | undefined> = {
  "none": undefined,
  "out-of-service": "OutOfService",
  "in-service": "InService",
  "draining": "Draining",
};

function instanceRow(instance: Ec2Instance, registration: Registration): Row {
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
    health: HEALTH[registration] ?? (isQuarantined(instance, Date.now()) ? "Quarantined" : undefined),
  };
}
