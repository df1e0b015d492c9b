/**
 * What the credentials allow, asked by DryRun: EC2 answers as it would, and does nothing. ELB, CloudWatch and SNS offer no such
 * thing. Source: EC2 API, "DryRun".
 *
 * @module
 */
import type { _InstanceType as InstanceType } from "@aws-sdk/client-ec2";
import { type Aws, sendOptions } from "../clients.ts";
import { type Ec2Instance, TAG } from "./ec2_instance.ts";
import { code, isDenied } from "../errors.ts";
import { launchTemplateOf } from "./instances.ts";

/** An action that can be asked for without being done; putting into quarantine is `CreateTags`. */
export type DryRun =
  | {
    readonly action: "StartInstances" | "StopInstances" | "TerminateInstances" | "CreateTags";
    readonly id: string;
  }
  | {
    readonly action: "RunInstances";
    readonly fleet: string;
    /** A launch template, or an instance to launch another one like it. */
    readonly like: string | Pick<Ec2Instance, "image" | "type">;
  };

/** Whether an action would be allowed. Throws what EC2 says against it beside that. */
export async function isAllowed(aws: Aws, rehearsal: DryRun, signal?: AbortSignal): Promise<boolean> {
  try {
    await sendDryRun(aws, rehearsal, signal);
  } catch (error) {
    if (isDenied(error)) return false;
    if (code(error) !== "DryRunOperation") throw error;
  }
  return true;
}

async function sendDryRun(aws: Aws, rehearsal: DryRun, signal?: AbortSignal): Promise<unknown> {
  const [client, commands] = await Promise.all([aws.ec2(), import("../sdk/ec2.ts")]);
  const options = sendOptions(signal);
  const { action } = rehearsal;
  if (action === "RunInstances") {
    const { fleet, like } = rehearsal;
    const Tags = [{ Key: TAG.fleet, Value: fleet }, { Key: TAG.role, Value: "node" }];
    const request = {
      DryRun: true,
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [{ ResourceType: "instance" as const, Tags }],
      ...(typeof like === "string"
        ? { LaunchTemplate: launchTemplateOf(like) }
        : { ImageId: like.image, InstanceType: like.type as InstanceType }),
    };
    return await client.send(new commands.RunInstancesCommand(request), options);
  }
  const { id } = rehearsal;
  const request = { DryRun: true, InstanceIds: [id] };
  switch (action) {
    case "StartInstances":
      return await client.send(new commands.StartInstancesCommand(request), options);
    case "StopInstances":
      return await client.send(new commands.StopInstancesCommand(request), options);
    case "TerminateInstances":
      return await client.send(new commands.TerminateInstancesCommand(request), options);
    case "CreateTags": {
      const Tags = [{ Key: TAG.quarantine, Value: "asked by kas admin doctor" }];
      return await client.send(
        new commands.CreateTagsCommand({ DryRun: true, Resources: [id], Tags }),
        options,
      );
    }
    default:
      return action satisfies never;
  }
}
