/**
 * What the credentials allow, asked by DryRun: EC2 answers as it would, and does nothing. ELB, CloudWatch and SNS offer no such
 * thing. Source: EC2 API, "DryRun".
 *
 * @module
 */
import type { _InstanceType as InstanceType } from "@aws-sdk/client-ec2";
import { type Aws, sendOptions } from "./clients.ts";
import { type Ec2Instance, TAG } from "./ec2_instance.ts";
import { code, isDenied } from "./errors.ts";

/** An action of EC2's that can be asked for without being done. */
export type Rehearsed = "StartInstances" | "StopInstances" | "CreateTags" | "RunInstances";

/**
 * Whether an action on an instance would be allowed: starting it, stopping it, putting it into quarantine, or launching another one
 * like it.
 */
export async function mayDo(
  aws: Aws,
  action: Rehearsed,
  { id, image, type }: Ec2Instance,
  fleet: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const [client, commands] = await Promise.all([aws.ec2(), import("./sdk/ec2.ts")]);
  const DryRun = true;
  const rehearse = (): Promise<unknown> => {
    const options = sendOptions(signal);
    switch (action) {
      case "StartInstances":
        return client.send(new commands.StartInstancesCommand({ DryRun, InstanceIds: [id] }), options);
      case "StopInstances":
        return client.send(new commands.StopInstancesCommand({ DryRun, InstanceIds: [id] }), options);
      case "CreateTags": {
        const Tags = [{ Key: TAG.quarantine, Value: "asked by kas admin doctor" }];
        return client.send(new commands.CreateTagsCommand({ DryRun, Resources: [id], Tags }), options);
      }
      case "RunInstances": {
        const Tags = [{ Key: TAG.fleet, Value: fleet }, { Key: TAG.role, Value: "node" }];
        const request = {
          DryRun,
          MinCount: 1,
          MaxCount: 1,
          ...(image === undefined ? {} : { ImageId: image }),
          InstanceType: type as InstanceType,
          TagSpecifications: [{ ResourceType: "instance" as const, Tags }],
        };
        return client.send(new commands.RunInstancesCommand(request), options);
      }
      default:
        return action satisfies never;
    }
  };
  try {
    await rehearse();
  } catch (error) {
    if (isDenied(error)) return false;
    if (code(error) !== "DryRunOperation") throw error;
  }
  return true;
}
