/**
 * What all commands that call AWS share: the options that select the account and the fleet, the connection to AWS, and the exit
 * statuses for AWS's errors.
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

/**
 * How long a command repeats a call that AWS throttles, in ms. AWS accepts 3 alarms a second, and other tools may use the limit up
 * for a while.
 */
export const PATIENCE = 120_000;

/** The options of every command that calls AWS. */
export const ACCOUNT_OPTIONS = {
  fleet: SETTINGS.fleet,
  keyName: SETTINGS.keyName,
  balancer: SETTINGS.balancer,
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

/** Calls `work` with a connection to AWS, and then closes the connection. Converts AWS's errors with {@linkcode toExitError}. */
export async function withAws<T>(
  { flags: { region, profile, endpointUrl }, out, signal }: AccountContext,
  work: (aws: Aws) => Promise<T>,
): Promise<T> {
  using aws = connect({ region, profile, endpointUrl, patience: PATIENCE, signal });
  using _progress = out.during("Waiting for AWS");
  try {
    return await work(aws);
  } catch (error) {
    throw signal.aborted ? error : toExitError(error);
  }
}

/**
 * Converts an error of AWS to an ExitError. The exit status is 3 if AWS is unreachable or refuses the credentials, 4 if AWS did not
 * find the resource, and 1 for all other errors.
 */
export function toExitError(error: unknown): unknown {
  if (error instanceof ExitError || error instanceof UsageError) return error;
  const { message, hint } = describeError(error);
  const status = isAccessFailure(error) ? 3 : isNotFound(error) ? 4 : 1;
  return new ExitError(message, status, hint, { cause: error, details: causeLines(error) });
}

/** Returns the selector of the fleet that the flags name. */
export function fleetSelector(flags: AccountFlags): FleetSelector {
  return { fleet: flags.fleet, keyName: flags.keyName };
}

/**
 * Returns the ARN of the fleet's topic: `--topic-arn`, else the topic with the fleet's name, or undefined if there is no such
 * topic.
 */
export async function findTopic(
  aws: Aws,
  flags: Pick<AccountFlags, "fleet" | "topicArn">,
): Promise<string | undefined> {
  if (flags.topicArn !== undefined) return flags.topicArn;
  for await (const arn of listTopics(aws)) if (topicName(arn) === flags.fleet) return arn;
  return undefined;
}

/**
 * Returns the ARN of the fleet's topic, as {@linkcode findTopic} does.
 *
 * @throws {ExitError} with status 4 if there is no topic
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

/** Returns the name of a topic, which is the last part of its ARN. */
export function topicName(arn: string): string {
  return arn.slice(arn.lastIndexOf(":") + 1);
}

/** Returns the fleet's instances by id, in the order in which EC2 lists them. */
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
 * Returns an instance of the fleet.
 *
 * @throws {ExitError} with status 4 if the instance is not in the fleet
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
