/**
 * Finds out whether a fleet exists. If it does not, the fleet is new or its name is mistyped.
 *
 * @module
 */
import { findBalancer } from "../../aws/balancing/balancer.ts";
import { type Aws, regionOf } from "../../aws/clients.ts";
import { fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import { fleetInstances, fleetNames } from "../../aws/ec2/instances.ts";
import { isDenied } from "../../aws/errors.ts";
import { awaitAll } from "../../aws/many/await_all.ts";
import { ExitError } from "../../cli/command.ts";
import { nearest } from "../../cli/nearest.ts";
import { someOf } from "../../scaling/words.ts";
import { type AccountFlags, findTopic, fleetSelector } from "../account.ts";
import { findMadeGroup, isBalancerName } from "./balancer/made.ts";

/** The largest number of fleets that a message names. */
const NAMED = 10;

/** What the account has instead of a fleet that does not exist. */
export interface Elsewhere {
  readonly region: string;
  /** The names of the fleets with instances. */
  readonly fleets: readonly string[];
  /** The fleet with the most similar name, if one is similar. */
  readonly nearest: string | undefined;
}

/**
 * Returns what the account has instead of the fleet. Undefined if something has the fleet's name: an alarm, a topic or a load balancer;
 * or if the operator may not read them. Only call this function for a fleet without instances.
 */
export async function insteadOf(
  aws: Aws,
  fleet: string,
  signal: AbortSignal,
): Promise<Elsewhere | undefined> {
  try {
    const [alarms, topic, classic, group, fleets, region] = await awaitAll([
      fleetAlarms(aws, fleet, signal),
      findTopic(aws, { fleet, topicArn: undefined }),
      isBalancerName(fleet)
        ? findBalancer(aws, { kind: "classic", name: fleet }, signal)
        : Promise.resolve(undefined),
      findMadeGroup(aws, fleet, signal),
      fleetNames(aws, signal),
      regionOf(aws),
    ]);
    if (alarms.length > 0 || topic !== undefined || classic !== undefined || group !== undefined) {
      return undefined;
    }
    return { region, fleets, nearest: nearest(fleet, fleets) };
  } catch (error) {
    if (!isDenied(error)) throw error;
    return undefined;
  }
}

/** Returns `; did you mean web?`, or a period if no fleet has a similar name. */
export function suggestion({ nearest }: Elsewhere): string {
  return nearest === undefined ? "." : `; did you mean ${nearest}?`;
}

/** Returns the fleets with instances as a sentence. */
export function fleetsText({ fleets }: Elsewhere): string {
  return fleets.length === 0
    ? "No instance has the tag kas:fleet"
    : `Fleets with instances: ${someOf(fleets, NAMED)}`;
}

/** If the fleet has no instances, calls {@linkcode refuseUnknown}: the name may be mistyped. */
export async function refuseWithoutInstances(
  aws: Aws,
  flags: AccountFlags,
  signal: AbortSignal,
): Promise<void> {
  const { done } = await fleetInstances(aws, fleetSelector(flags), signal).next();
  if (done) await refuseUnknown(aws, flags.fleet, signal);
}

/**
 * Refuses the name of a fleet that does not exist, for a command that only reads. Only call this function for a fleet without instances.
 *
 * @throws {ExitError} with status 4 if nothing has the fleet's name
 */
export async function refuseUnknown(aws: Aws, fleet: string, signal: AbortSignal): Promise<void> {
  const instead = await insteadOf(aws, fleet, signal);
  if (instead === undefined) return;
  throw new ExitError(
    `There is no fleet ${fleet} in ${instead.region}${suggestion(instead)} ` +
      `No instance, load balancer, topic or alarm has its name. ${fleetsText(instead)}`,
    4,
    instead.nearest !== undefined
      ? `--fleet ${instead.nearest}`
      : instead.fleets.length > 0
      ? "--fleet, --region"
      : "kas admin instances create --role base --image AMI; EC2 shows an instance some seconds after its creation",
  );
}
