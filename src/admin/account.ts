/**
 * Parts that all commands with calls to AWS share: the options for account and fleet, the connection, and the exit statuses of
 * AWS's errors.
 *
 * @module
 */
import { type Aws, connect } from "../aws/clients.ts";
import { isAccessFailure, isNotFound } from "../aws/errors.ts";
import { causeLines, describeError } from "../aws/error_messages.ts";
import { type Ec2Instance, fleetInstances, type FleetSelector } from "../aws/ec2/instances.ts";
import { listTopics } from "../aws/sns/topic.ts";
import { commandText } from "../cli/command_line.ts";
import { ExitError, type Options, UsageError, type Values } from "../cli/command.ts";
import type { Output } from "../cli/output.ts";
import { SETTINGS } from "../settings/settings.ts";

/** The options of every command that calls AWS. */
export const ACCOUNT_OPTIONS = {
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

/** The values of {@linkcode ACCOUNT_OPTIONS}. */
export type AccountFlags = Values<typeof ACCOUNT_OPTIONS>;

/** The part of a command's context that {@linkcode withAws} needs. */
export interface AccountContext {
  readonly flags: AccountFlags;
  readonly out: Output;
  readonly signal: AbortSignal;
}

/** Connects to AWS, does the work, and disconnects. Converts AWS's errors with {@linkcode toExitError}. */
export async function withAws<T>(
  { flags: { region, profile, endpointUrl }, out, signal }: AccountContext,
  work: (aws: Aws) => Promise<T>,
): Promise<T> {
  using aws = connect({ region, profile, endpointUrl, signal });
  using _progress = out.during("Waiting for AWS");
  try {
    return await work(aws);
  } catch (error) {
    throw signal.aborted ? error : toExitError(error);
  }
}

/** An error of AWS as an ExitError: status 3 if AWS is unreachable or refuses the credentials, 4 if nothing matched, else 1. */
export function toExitError(error: unknown): unknown {
  if (error instanceof ExitError || error instanceof UsageError) return error;
  const { message, hint } = describeError(error);
  const status = isAccessFailure(error) ? 3 : isNotFound(error) ? 4 : 1;
  return new ExitError(message, status, hint, { cause: error, details: causeLines(error) });
}

/** Selects the fleet of the flags. */
export function fleetSelector(flags: AccountFlags): FleetSelector {
  return { fleet: flags.fleet, keyName: flags.keyName };
}

/** The ARN of the fleet's topic: the one of --topic-arn, else the topic with the fleet's name. Undefined if there is none. */
export async function findTopic(
  aws: Aws,
  flags: Pick<AccountFlags, "fleet" | "topicArn">,
): Promise<string | undefined> {
  if (flags.topicArn !== undefined) return flags.topicArn;
  for await (const arn of listTopics(aws)) if (topicName(arn) === flags.fleet) return arn;
  return undefined;
}

/**
 * The ARN of the fleet's topic.
 *
 * @throws {ExitError} 4 if there is none
 */
export async function fleetTopic(aws: Aws, flags: AccountFlags): Promise<string> {
  const arn = await findTopic(aws, flags);
  if (arn === undefined) {
    throw new ExitError(
      `There is no topic ${flags.fleet}`,
      4,
      `${commandText(["kas", "admin", "topics", "create", flags.fleet])}, or --topic-arn`,
    );
  }
  return arn;
}

/** The name of a topic: the last part of its ARN. */
export function topicName(arn: string): string {
  return arn.slice(arn.lastIndexOf(":") + 1);
}

/** The fleet's instances by id, in EC2's order. */
export async function instancesById(
  aws: Aws,
  flags: AccountFlags,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Ec2Instance>> {
  const byId = new Map<string, Ec2Instance>();
  for await (const instance of fleetInstances(aws, fleetSelector(flags), signal)) {
    byId.set(instance.id, instance);
  }
  return byId;
}

/**
 * An instance of the fleet.
 *
 * @throws {ExitError} 4 if the instance is not in the fleet
 */
export function fleetMember(
  fleet: ReadonlyMap<string, Ec2Instance>,
  id: string,
  flags: AccountFlags,
): Ec2Instance {
  const instance = fleet.get(id);
  if (instance === undefined) throw new ExitError(`${id} is not in fleet ${flags.fleet}`, 4);
  return instance;
}
