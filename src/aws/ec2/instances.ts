/**
 * EC2 instances: those of a fleet page by page, and one at a time where they are changed, as EC2's batches fail as a whole.
 *
 * @module
 */
import type { Instance as SdkInstance, InstanceStateChange } from "@aws-sdk/client-ec2";
import type { Instance, InstanceState, Registration, Role } from "../../scaling/model/instance.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { describeInstances } from "./describe_instances.ts";
import { type Ec2Instance, instanceOf, TAG, tagsOf } from "./ec2_instance.ts";
import { isNotFound } from "../errors.ts";

export type { Ec2Instance };

/** The most values of a filter. Source: EC2 user guide, "Filter your resources". */
const VALUES = 200;

/** How a fleet is told from the account's other instances: by its tag, or a legacy one by its key pair. */
export interface FleetSelector {
  readonly fleet: string;
  readonly keyName?: string | undefined;
}

/** An instance's state before and after a call. */
export interface StateChange {
  readonly id: string;
  readonly before: InstanceState;
  readonly after: InstanceState;
}

/** What to launch. */
export interface Launch {
  readonly fleet: string;
  readonly role: Role;
  readonly count: number;
  /** The Name tag; `<fleet>_<role>` by default, in the words of old: `kas_base`, `kas_ctl`. */
  readonly name?: string;
  readonly image?: string;
  readonly type?: string;
  readonly subnet?: string;
  /** Ids (`sg-…`) or names. */
  readonly securityGroups?: readonly string[];
  readonly keyName?: string;
  /** An id (`lt-…`) or a name, and after a colon the version if it is not the default one. */
  readonly launchTemplate?: string;
  /** Plain text. */
  readonly userData?: string;
  /**
   * Of two launches with the same token there is one. Source: EC2 API, "Ensuring idempotency"; at most 64 ASCII characters.
   * By default each has its own, and only the SDK's repeats of it share it.
   */
  readonly token?: string;
}

/** Joins EC2's view of instances with the balancer's. */
export function withRegistration(
  instances: readonly Ec2Instance[],
  registrations: ReadonlyMap<string, Registration>,
): Instance[] {
  return instances.map((
    { publicIp: _ip, image: _image, securityGroups: _groups, stateReason: _why, ...instance },
  ) => ({
    ...instance,
    registration: registrations.get(instance.id) ?? "none",
  }));
}

/** Every instance of the fleet that is not terminated, page by page. */
export async function* fleetInstances(
  aws: Aws,
  { fleet, keyName }: FleetSelector,
  signal?: AbortSignal,
): AsyncGenerator<Ec2Instance, void> {
  const states: InstanceState[] = ["pending", "running", "stopping", "stopped", "shutting-down"];
  const request = {
    Filters: [
      keyName === undefined
        ? { Name: `tag:${TAG.fleet}`, Values: [fleet] }
        : { Name: "key-name", Values: [keyName] },
      { Name: "instance-state-name", Values: states },
    ],
  };
  for await (const found of describeInstances(aws, request, signal)) yield instanceOf(found, fleet);
}

/** One instance, undefined if it is not there. `fleet` tells the role of a legacy one by its name. */
export async function findInstance(
  aws: Aws,
  id: string,
  signal?: AbortSignal,
  fleet?: string,
): Promise<Ec2Instance | undefined> {
  try {
    for await (const found of describeInstances(aws, { InstanceIds: [id] }, signal)) {
      return instanceOf(found, fleet);
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return undefined;
}

/** Starts an instance; one that is running or pending stays so. Returns once EC2 has accepted it, not once it runs. */
export async function startInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange> {
  const [client, { StartInstancesCommand }] = await ec2(aws);
  const { StartingInstances } = await client.send(
    new StartInstancesCommand({ InstanceIds: [id] }),
    sendOptions(signal),
  );
  return stateChange(id, StartingInstances);
}

/** Stops an instance; one that is stopped or stopping stays so. */
export async function stopInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange> {
  const [client, { StopInstancesCommand }] = await ec2(aws);
  const { StoppingInstances } = await client.send(
    new StopInstancesCommand({ InstanceIds: [id] }),
    sendOptions(signal),
  );
  return stateChange(id, StoppingInstances);
}

/** Terminates an instance. */
export async function terminateInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange> {
  const [client, { TerminateInstancesCommand }] = await ec2(aws);
  const command = new TerminateInstancesCommand({ InstanceIds: [id] });
  const { TerminatingInstances } = await client.send(command, sendOptions(signal));
  return stateChange(id, TerminatingInstances);
}

/** Launches instances, all or none, tagged from the first instant; a repeat with the same token launches none twice. */
export async function launchInstances(
  aws: Aws,
  launch: Launch,
  signal?: AbortSignal,
): Promise<Ec2Instance[]> {
  const { fleet, role, count, name, image, type, subnet, securityGroups, keyName, launchTemplate, userData } =
    launch;
  const { token = crypto.randomUUID() } = launch;
  const [client, { RunInstancesCommand }] = await ec2(aws);
  const tags = {
    [TAG.fleet]: fleet,
    [TAG.role]: role,
    [TAG.name]: name ?? `${fleet}_${role === "control" ? "ctl" : role}`,
  };
  const ids = securityGroups?.filter((group) => group.startsWith("sg-")) ?? [];
  const names = securityGroups?.filter((group) => !group.startsWith("sg-")) ?? [];
  const command = new RunInstancesCommand({
    MinCount: count,
    MaxCount: count,
    ClientToken: token,
    TagSpecifications: [{
      ResourceType: "instance",
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    }],
    ...(image === undefined ? {} : { ImageId: image }),
    ...(type === undefined ? {} : { InstanceType: type as NonNullable<SdkInstance["InstanceType"]> }),
    ...(subnet === undefined ? {} : { SubnetId: subnet }),
    ...(ids.length === 0 ? {} : { SecurityGroupIds: ids }),
    ...(names.length === 0 ? {} : { SecurityGroups: names }),
    ...(keyName === undefined ? {} : { KeyName: keyName }),
    ...(launchTemplate === undefined ? {} : { LaunchTemplate: launchTemplateOf(launchTemplate) }),
    ...(userData === undefined ? {} : { UserData: new TextEncoder().encode(userData).toBase64() }),
  });
  const { Instances } = await client.send(command, sendOptions(signal));
  return (Instances ?? []).map((launched) => instanceOf(launched, fleet));
}

/** All tags of instances, by id; an instance that is not there is left out. */
export async function instanceTags(
  aws: Aws,
  ids: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  const tags = new Map<string, Record<string, string>>();
  for (let i = 0; i < ids.length; i += VALUES) {
    const request = { Filters: [{ Name: "instance-id", Values: ids.slice(i, i + VALUES) }] };
    for await (const found of describeInstances(aws, request)) {
      tags.set(found.InstanceId ?? "", tagsOf(found));
    }
  }
  return tags;
}

/** Leaves an instance out of scaling (R7), and says why as far as a tag's value can. */
export async function quarantine(aws: Aws, id: string, reason: string): Promise<void> {
  const [client, { CreateTagsCommand }] = await ec2(aws);
  const tag = { Key: TAG.quarantine, Value: tagValue(reason) };
  await client.send(new CreateTagsCommand({ Resources: [id], Tags: [tag] }));
}

/** Takes an instance into scaling again. */
export async function endQuarantine(aws: Aws, id: string): Promise<void> {
  const [client, { DeleteTagsCommand }] = await ec2(aws);
  await client.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: TAG.quarantine }] }));
}

/**
 * A text as a tag's value: 256 characters at most, of those that every AWS service allows. Source: EC2 user guide, "Tag
 * restrictions".
 */
function tagValue(text: string): string {
  const allowed = text.replaceAll(/[;,]/g, " -").replaceAll(/[^\p{L}\p{N}_.:/=+\-@]+/gu, " ").trim();
  return Array.from(allowed).slice(0, 256).join("");
}

async function ec2(aws: Aws) {
  return await Promise.all([aws.ec2(), import("../sdk/ec2.ts")]);
}

function stateChange(id: string, changes: readonly InstanceStateChange[] | undefined): StateChange {
  const change = changes?.find(({ InstanceId }) => InstanceId === id);
  const before = change?.PreviousState?.Name;
  const after = change?.CurrentState?.Name;
  if (before === undefined || after === undefined) {
    throw new Error(`Cannot tell the state of ${id}: EC2 did not say it`);
  }
  return { id, before, after };
}

/** `lt-…` or a name, and after a colon the version, in the API's form. */
export function launchTemplateOf(
  text: string,
): { LaunchTemplateId?: string; LaunchTemplateName?: string; Version?: string } {
  const [template = "", version] = text.split(":");
  return {
    ...(template.startsWith("lt-") ? { LaunchTemplateId: template } : { LaunchTemplateName: template }),
    ...(version === undefined ? {} : { Version: version }),
  };
}
