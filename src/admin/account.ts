/**
 * What the commands that talk to AWS share: the options that say where and as whom, the connection around a command, and the
 * way from AWS's errors to the contract's exit statuses.
 *
 * @module
 */
import { type Aws, connect } from "../aws/clients.ts";
import { isAccessFailure, isNotFound } from "../aws/errors.ts";
import { causeLines, describeError } from "../aws/error_messages.ts";
import { type Ec2Instance, fleetInstances, type FleetSelector } from "../aws/ec2/instances.ts";
import { listTopics } from "../aws/sns/topic.ts";
import { ExitError, type Options, UsageError, type Values } from "../cli/command.ts";
import type { Output } from "../cli/output.ts";
import { SETTINGS } from "../settings/table.ts";

/** The options of every command that talks to AWS. */
export const ACCOUNT = {
  fleet: SETTINGS.fleet,
  keyName: SETTINGS.keyName,
  loadBalancer: SETTINGS.loadBalancer,
  targetGroup: SETTINGS.targetGroup,
  topicArn: SETTINGS.topicArn,
  region: SETTINGS.region,
  profile: SETTINGS.profile,
  endpointUrl: SETTINGS.endpointUrl,
  dryRun: SETTINGS.dryRun,
  yes: SETTINGS.yes,
} as const satisfies Options;

/** The values of {@linkcode ACCOUNT}'s options. */
export type AccountFlags = Values<typeof ACCOUNT>;

/** The part of a command's context that says where and as whom. */
export interface AccountContext {
  readonly flags: AccountFlags;
  readonly out: Output;
  readonly signal: AbortSignal;
}

/** Connects, does the work, and disconnects; what goes wrong has the contract's status. */
export async function connected<T>(
  { flags: { region, profile, endpointUrl }, out, signal }: AccountContext,
  work: (aws: Aws) => Promise<T>,
): Promise<T> {
  using aws = connect({ region, profile, endpointUrl, signal });
  using _waiting = out.during("Waiting for AWS");
  try {
    return await work(aws);
  } catch (error) {
    throw signal.aborted ? error : asExitError(error);
  }
}

/** An error as the one who called is told of it: with a status of the contract's. */
export function asExitError(error: unknown): unknown {
  if (error instanceof ExitError || error instanceof UsageError) return error;
  const { message, hint } = describeError(error);
  const status = isAccessFailure(error) ? 3 : isNotFound(error) ? 4 : 1;
  return new ExitError(message, status, hint, { cause: error, details: causeLines(error) });
}

/** The fleet that is meant. */
export function selector(flags: AccountFlags): FleetSelector {
  return { fleet: flags.fleet, keyName: flags.keyName };
}

/** The fleet's topic: the one that is set, else the account's topic of the fleet's name; undefined if there is none. */
export async function findTopic(
  aws: Aws,
  flags: Pick<AccountFlags, "fleet" | "topicArn">,
): Promise<string | undefined> {
  if (flags.topicArn !== undefined) return flags.topicArn;
  for await (const arn of listTopics(aws)) if (lastPart(arn) === flags.fleet) return arn;
  return undefined;
}

/**
 * The same, for a command that needs one.
 *
 * @throws {ExitError} 4 if there is none
 */
export async function fleetTopic(aws: Aws, flags: AccountFlags): Promise<string> {
  const arn = await findTopic(aws, flags);
  if (arn === undefined) {
    throw new ExitError(
      `There is no topic ${flags.fleet}`,
      4,
      `kas admin topics create ${flags.fleet}, or --topic-arn`,
    );
  }
  return arn;
}

/** An ARN's last part: a topic's name. */
export function lastPart(arn: string): string {
  return arn.slice(arn.lastIndexOf(":") + 1);
}

/** The fleet's instances by id, in EC2's order. */
export async function fleetById(
  aws: Aws,
  flags: AccountFlags,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Ec2Instance>> {
  const byId = new Map<string, Ec2Instance>();
  for await (const instance of fleetInstances(aws, selector(flags), signal)) byId.set(instance.id, instance);
  return byId;
}

/**
 * One of the fleet's instances.
 *
 * @throws {ExitError} 4 if it is not in the fleet
 */
export function member(
  fleet: ReadonlyMap<string, Ec2Instance>,
  id: string,
  flags: AccountFlags,
): Ec2Instance {
  const instance = fleet.get(id);
  if (instance === undefined) throw new ExitError(`${id} is not in fleet ${flags.fleet}`, 4);
  return instance;
}
