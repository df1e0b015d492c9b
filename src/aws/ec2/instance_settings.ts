/**
 * Settings of instances: detailed monitoring, stop protection and termination protection.
 *
 * @module
 */
import { type Aws, sendOptions } from "../clients.ts";
import { IncompleteAnswerError } from "../errors.ts";
import { ec2 } from "./client.ts";

/** Enables detailed monitoring: EC2 then publishes the metrics of these instances each minute. It costs extra. */
export async function enableDetailedMonitoring(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const [client, { MonitorInstancesCommand }] = await ec2(aws);
  await client.send(new MonitorInstancesCommand({ InstanceIds: [...ids] }), sendOptions(signal));
}

/**
 * Whether an instance has stop protection or termination protection (EC2's attributes disableApiStop and
 * disableApiTermination).
 */
export async function isProtected(
  aws: Aws,
  id: string,
  from: "stop" | "terminate",
  signal?: AbortSignal,
): Promise<boolean> {
  const [client, { DescribeInstanceAttributeCommand }] = await ec2(aws);
  const Attribute = from === "stop" ? "disableApiStop" : "disableApiTermination";
  const command = new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute });
  const { DisableApiStop, DisableApiTermination } = await client.send(command, sendOptions(signal));
  const value = from === "stop" ? DisableApiStop : DisableApiTermination;
  if (value === undefined) throw new IncompleteAnswerError(`EC2's answer has no attribute ${Attribute}`);
  return value.Value ?? false;
}
