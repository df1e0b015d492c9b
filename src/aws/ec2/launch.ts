/**
 * Launches instances.
 *
 * @module
 */
import type { Instance as SdkInstance } from "@aws-sdk/client-ec2";
import type { Role } from "../../scaling/model/instance.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { listIn } from "../errors.ts";
import { ec2 } from "./client.ts";
import { type Ec2Instance, instanceOf, type Monitoring, TAG } from "./ec2_instance.ts";

/** The options of a launch. */
export interface Launch {
  readonly fleet: string;
  readonly role: Role;
  readonly count: number;
  /** The Name tag. By default `<fleet>_<role>`: `kas_base`, `kas_ctl`, `kas_node`. */
  readonly name?: string;
  readonly image?: string;
  readonly type?: string;
  readonly subnet?: string;
  /** The ids (`sg-…`) or names of the security groups. */
  readonly securityGroups?: readonly string[];
  readonly keyName?: string;
  /** The launch template: an id (`lt-…`) or a name, optionally with a version: `lt-0abc:2`. */
  readonly launchTemplate?: string;
  /** The user data as plain text. */
  readonly userData?: string;
  /**
   * The monitoring of the instances. Default: `detailed`, because kas's alarms have periods of one minute, and with
   * basic monitoring EC2 publishes a datapoint only every five minutes. It overrides the monitoring in the launch
   * template. Detailed monitoring costs about $2.10 per instance and month.
   */
  readonly monitoring?: Monitoring;
  /**
   * The client token, at most 64 ASCII characters. EC2 launches instances only once for a token. Default: a new token
   * for each launch, which the SDK's retries of the launch also send. Source: EC2 API, "Ensuring idempotency".
   */
  readonly token?: string;
}

/**
 * Launches all of the instances or none, and tags them in the same call. If the caller repeats the launch with the same
 * token, EC2 launches no further instances.
 */
export async function launchInstances(
  aws: Aws,
  launch: Launch,
  signal?: AbortSignal,
): Promise<Ec2Instance[]> {
  const { fleet, role, count, name, image, type, subnet, securityGroups, keyName, launchTemplate, userData } =
    launch;
  const { token = crypto.randomUUID(), monitoring = "detailed" } = launch;
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
    Monitoring: { Enabled: monitoring === "detailed" },
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
  return listIn(Instances, "EC2", "launched instances").map((launched) => instanceOf(launched, fleet));
}

/** Parses `lt-…` or a name, optionally with a version: `lt-0abc:2`. */
export function launchTemplateOf(
  text: string,
): { LaunchTemplateId?: string; LaunchTemplateName?: string; Version?: string } {
  const [template = "", version] = text.split(":");
  return {
    ...(template.startsWith("lt-") ? { LaunchTemplateId: template } : { LaunchTemplateName: template }),
    ...(version === undefined ? {} : { Version: version }),
  };
}
