/**
 * `kas admin instances`: the fleet's instances, listed and tagged here, created and moved between states next door.
 *
 * @module
 */
import { balancerRef, registrations, titleOf } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { isNotFound } from "../../aws/errors.ts";
import { type Ec2Instance, fleetInstances, instanceTags } from "../../aws/ec2/instances.ts";
import { awaitAll } from "../../aws/await_all.ts";
import { command, type Group } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import type { InstanceState, Registration } from "../../scaling/model/instance.ts";
import { oneOf } from "../../cli/parsers.ts";
import { ACCOUNT, type AccountContext, connected, fleetById, member, selector } from "../account.ts";
import { create } from "./create.ts";
import { release, start, stop, terminate } from "./change_state.ts";
import { forEachTarget } from "./targets.ts";

// Terminated instances are no part of the fleet any more.
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
];

/** What a narrow terminal can do without. */
const SPARE = ["launched", "private_ip", "public_dns", "type", "zone"];

const list = command({
  name: "list",
  summary: "The fleet's instances, with their health at its load balancer",
  options: {
    state: {
      placeholder: "STATE",
      help: "only those in this state",
      choices: STATES,
      parse: parseState,
    },
    ...ACCOUNT,
  },
  examples: ["admin instances --state stopped", "admin instances list --output json"],
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, out, signal } = context;
      const instances = fleetInstances(aws, selector(flags), signal);
      // Side by side, as each waits for AWS.
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
      await out.table(COLUMNS, rows(), SPARE);
      if (found === 0) {
        out.hint(
          `Fleet ${flags.fleet} has no instances. Next: kas admin instances create --role base --image AMI`,
        );
      }
    }),
});

/** How instances stand at the fleet's load balancer; no instance stands anywhere if there is none. */
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

/** In ELB's words where it has them. */
const HEALTH: Record<Registration, string | undefined> = {
  "none": undefined,
  "out-of-service": "OutOfService",
  "in-service": "InService",
  "draining": "Draining",
};

function instanceRow(instance: Ec2Instance, registration: Registration): Row {
  const { id, name, role, state, type, zone, privateIp, publicDns, launched, quarantine } = instance;
  return {
    id,
    name,
    role,
    state,
    type,
    zone,
    private_ip: privateIp,
    public_dns: publicDns,
    launched: launched === undefined ? undefined : new Date(launched).toISOString(),
    health: HEALTH[registration] ?? (quarantine === undefined ? undefined : "Quarantined"),
  };
}

const tags = command({
  name: "tags",
  summary: "The tags of instances, by default of the whole fleet",
  args: "[ID…]",
  options: ACCOUNT,
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, args, signal } = context;
      const fleet = await fleetById(aws, flags, signal);
      const ids = args.length > 0 ? args : [...fleet.keys()];
      const known = await instanceTags(aws, ids.filter((id) => fleet.has(id)));
      // Reading changes nothing, so that a dry run does it too.
      const reading = { ...context, flags: { ...flags, dryRun: false } };
      return await forEachTarget(reading, ["id", "key", "value"], ids, (id) => {
        const { id: own } = member(fleet, id, flags);
        const rows = Object.entries(known.get(own) ?? {}).map(([key, value]) => ({ id, key, value }));
        return { actions: [], apply: () => Promise.resolve(rows) };
      });
    }),
});

/** `kas admin instances`. */
export const instances: Group = {
  name: "instances",
  summary: "The fleet's instances: list, create, start, stop, terminate, release, tags",
  default: "list",
  commands: [list, create, start, stop, terminate, release, tags],
};
