/**
 * Settings of instances: detailed monitoring, stop and termination protection, and the mode of CPU credits.
 *
 * @module
 */
import { allDone, type Results } from "../many/batches.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { IncompleteAnswerError, listIn } from "../errors.ts";
import { ec2 } from "./client.ts";
import { isDetailed } from "./ec2_instance.ts";

/**
 * Enables detailed monitoring: EC2 then publishes the metrics of these instances each minute. It costs extra. Returns the
 * instances for which EC2 has enabled it.
 */
export async function enableDetailedMonitoring(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Results<true>> {
  const [client, { MonitorInstancesCommand }] = await ec2(aws);
  const command = new MonitorInstancesCommand({ InstanceIds: [...ids] });
  const { InstanceMonitorings } = await client.send(command, sendOptions(signal));
  return allDone(
    (InstanceMonitorings ?? []).flatMap(({ InstanceId, Monitoring }) =>
      InstanceId !== undefined && isDetailed(Monitoring?.State) ? [InstanceId] : []
    ),
  );
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

/**
 * Whether a T instance may exceed its baseline without CPU credits: `unlimited` instances may, and then cost extra. Source: EC2 user
 * guide, "Unlimited mode for burstable performance instances".
 */
export type CreditMode = "standard" | "unlimited";

/** The maximum number of ids in one call. Source: EC2 API, DescribeInstanceCreditSpecifications. */
const CREDIT_BATCH = 1_000;

/** Returns the credit mode of T instances by id. EC2 refuses an instance of another type. */
export async function creditModes(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, CreditMode>> {
  const [client, { DescribeInstanceCreditSpecificationsCommand }] = await ec2(aws);
  const modes = new Map<string, CreditMode>();
  for (let i = 0; i < ids.length; i += CREDIT_BATCH) {
    const command = new DescribeInstanceCreditSpecificationsCommand({
      InstanceIds: ids.slice(i, i + CREDIT_BATCH),
    });
    const { InstanceCreditSpecifications } = await client.send(command, sendOptions(signal));
    for (
      const { InstanceId = "", CpuCredits } of listIn(InstanceCreditSpecifications, "EC2", "credit modes")
    ) modes.set(InstanceId, CpuCredits === "unlimited" ? "unlimited" : "standard");
  }
  return modes;
}
