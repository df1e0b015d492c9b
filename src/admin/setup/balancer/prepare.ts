/**
 * Reads what exists of a load balancer that `kas admin setup` creates, and refuses what setup cannot do before it creates anything.
 *
 * @module
 */
import {
  type Listener,
  type ListenerPlan,
  type ListenerProtocol,
  listListeners,
} from "../../../aws/balancing/v2/listeners.ts";
import { TARGET_PROTOCOL } from "../../../aws/balancing/v2/target_groups.ts";
import type { Aws } from "../../../aws/clients.ts";
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { ExitError, UsageError } from "../../../cli/command.ts";
import type { LoadBalancerPlan } from "./choice.ts";
import { findMade, type Made } from "./made.ts";
import { type Site, siteOf } from "./subnets.ts";

/** What exists of a load balancer, and what shall exist. */
export interface Prepared {
  readonly kind: "made";
  readonly plan: LoadBalancerPlan;
  readonly made: Made;
  /** The existing listeners. */
  readonly listeners: readonly Listener[];
  /** The listeners that shall exist. */
  readonly wanted: readonly ListenerPlan[];
  /** The port of the service on the instances. */
  readonly forward: number;
  readonly site: Site;
}

/**
 * Reads what exists.
 *
 * @throws {UsageError} if a flag is missing without which setup cannot create the load balancer
 * @throws {ExitError} if a resource that setup did not create has the name of one that setup would create, if a setting differs that
 * AWS cannot change, or if kas cannot choose the subnets
 */
export async function prepare(
  aws: Aws,
  plan: LoadBalancerPlan,
  instances: readonly Ec2Instance[],
  signal: AbortSignal,
): Promise<Prepared> {
  const { name, type, subnets: given } = plan;
  const made = await findMade(aws, name, signal);
  checkMade(made, plan);
  const listeners = made.loadBalancer === undefined
    ? []
    : await listListeners(aws, made.loadBalancer.arn, signal);
  const wanted = wantedListeners(made, plan, listeners);
  const forward = plan.forward ?? made.targetGroup?.port;
  if (forward === undefined || wanted.length === 0) {
    throw new UsageError(
      `--balancer ${type} needs --listen and --forward to create load balancer ${name}`,
      type === "application" ? "--listen http:80 --forward 8080" : "--listen tcp:5432 --forward 5432",
    );
  }
  const site = await siteOf(aws, { fleet: name, type, given, instances, current: made.loadBalancer }, signal);
  if (made.targetGroup !== undefined && made.targetGroup.vpc !== site.vpc) {
    refuse(name, `target group ${name} is in ${made.targetGroup.vpc}, not in ${site.vpc}`);
  }
  return { kind: "made", plan, made, listeners, wanted, forward, site };
}

/** Throws an error if setup cannot use what exists. */
function checkMade(
  { loadBalancer, targetGroup, foreign }: Made,
  { name, type, forward }: LoadBalancerPlan,
): void {
  if (foreign.length > 0) {
    throw new ExitError(
      `Cannot set up load balancer ${name}: ${foreign.join(" and ")} exists, and does not have the tags ` +
        `kas:created-by=setup and kas:fleet=${name}, so kas admin setup did not create it`,
      1,
      "to use a target group of your own, give --target-group ARN",
    );
  }
  const differing = loadBalancer !== undefined && loadBalancer.type !== type
    ? `load balancer ${name} is of type ${loadBalancer.type}, not ${type}`
    : targetGroup !== undefined && targetGroup.protocol !== TARGET_PROTOCOL[type]
    ? `target group ${name} has the protocol ${targetGroup.protocol}, not ${TARGET_PROTOCOL[type]}`
    : targetGroup !== undefined && targetGroup.port !== (forward ?? targetGroup.port)
    ? `target group ${name} has port ${targetGroup.port}, not ${forward}`
    : undefined;
  if (differing !== undefined) refuse(name, differing);
}

function refuse(name: string, differing: string): never {
  throw new ExitError(
    `Cannot set up load balancer ${name}: ${differing}, and AWS cannot change this`,
    1,
    "kas admin teardown, which deletes what setup has created, then kas admin setup again",
  );
}

/** Returns the listeners of the plan, and the existing ones that forward to the target group. */
function wantedListeners(
  { targetGroup }: Made,
  { name, listeners: planned }: LoadBalancerPlan,
  existing: readonly Listener[],
): ListenerPlan[] {
  const isOurs = ({ targetGroups }: Listener) =>
    targetGroup !== undefined && targetGroups.includes(targetGroup.arn);
  const foreign = existing.find((each) => !isOurs(each) && planned.some(({ port }) => port === each.port));
  if (foreign !== undefined) {
    throw new ExitError(
      `Cannot create a listener on port ${foreign.port} of load balancer ${name}: ` +
        `it has one there that does not forward to target group ${name}`,
      1,
      "delete the listener, or give another port",
    );
  }
  const others = existing.filter((each) => isOurs(each) && !planned.some(({ port }) => port === each.port));
  return [
    ...planned,
    ...others.map(({ protocol, port, certificate }) => ({
      protocol: protocol as ListenerProtocol,
      port,
      certificate,
    })),
  ];
}
