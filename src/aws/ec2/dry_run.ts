/**
 * Checks permissions with EC2's DryRun option: EC2 answers whether it would allow a call, and does not carry the call
 * out. ELB, CloudWatch and SNS have no DryRun option. Source: EC2 API, "DryRun".
 *
 * @module
 */
import type { _InstanceType as InstanceType } from "@aws-sdk/client-ec2";
import { type Aws, sendOptions } from "../clients.ts";
import { code, isDenied } from "../errors.ts";
import { ec2 } from "./client.ts";
import { type Ec2Instance, TAG } from "./ec2_instance.ts";
import { launchTemplateOf } from "./launch.ts";

/** A call whose permission EC2 can check. kas quarantines an instance with `CreateTags`. */
export type DryRun =
  | {
    readonly action: "StartInstances" | "StopInstances" | "TerminateInstances" | "CreateTags";
    readonly id: string;
  }
  | {
    readonly action: "RunInstances";
    readonly fleet: string;
    /** The name or id of a launch template, or an instance whose image and type the launch copies. */
    readonly like: string | Pick<Ec2Instance, "image" | "type">;
  };

/** Whether EC2 would allow a call. Throws EC2's error if the call would fail for another reason. */
export async function isAllowed(aws: Aws, dryRun: DryRun, signal?: AbortSignal): Promise<boolean> {
  try {
    await sendDryRun(aws, dryRun, signal);
  } catch (error) {
    if (isDenied(error)) return false;
    if (code(error) !== "DryRunOperation") throw error;
  }
  return true;
}

async function sendDryRun(aws: Aws, dryRun: DryRun, signal?: AbortSignal): Promise<unknown> {
  const [client, commands] = await ec2(aws);
  const options = sendOptions(signal);
  const { action } = dryRun;
  if (action === "RunInstances") {
    const { fleet, like } = dryRun;
    const Tags = [{ Key: TAG.fleet, Value: fleet }, { Key: TAG.role, Value: "node" }];
    const request = {
      DryRun: true,
      MinCount: 1,
      MaxCount: 1,
      Monitoring: { Enabled: true },
      TagSpecifications: [{ ResourceType: "instance" as const, Tags }],
      ...(typeof like === "string"
        ? { LaunchTemplate: launchTemplateOf(like) }
        : { ImageId: like.image, InstanceType: like.type as InstanceType }),
    };
    return await client.send(new commands.RunInstancesCommand(request), options);
  }
  const { id } = dryRun;
  const request = { DryRun: true, InstanceIds: [id] };
  switch (action) {
    case "StartInstances":
      return await client.send(new commands.StartInstancesCommand(request), options);
    case "StopInstances":
      return await client.send(new commands.StopInstancesCommand(request), options);
    case "TerminateInstances":
      return await client.send(new commands.TerminateInstancesCommand(request), options);
    case "CreateTags": {
      const Tags = [{ Key: TAG.quarantine, Value: "permission check by kas admin doctor" }];
      const tagging = { DryRun: true, Resources: [id], Tags };
      return await client.send(new commands.CreateTagsCommand(tagging), options);
    }
    default:
      return action satisfies never;
  }
}
