/**
 * Starts, stops and terminates instances. Each call names one instance, because EC2 rejects a call for several
 * instances if one of them cannot change its state.
 *
 * @module
 */
import type { InstanceStateChange } from "@aws-sdk/client-ec2";
import type { InstanceState } from "../../scaling/model/instance.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { ec2 } from "./client.ts";

/** An instance's state before and after a call. */
export interface StateChange {
  readonly id: string;
  readonly before: InstanceState;
  readonly after: InstanceState;
}

/**
 * Starts an instance. A running or pending instance does not change. Returns when EC2 has accepted the call, before the
 * instance runs.
 */
export async function startInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange> {
  const [client, { StartInstancesCommand }] = await ec2(aws);
  const command = new StartInstancesCommand({ InstanceIds: [id] });
  return stateChange(id, (await client.send(command, sendOptions(signal))).StartingInstances);
}

/** Stops an instance. A stopped or stopping instance does not change. */
export async function stopInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange> {
  const [client, { StopInstancesCommand }] = await ec2(aws);
  const command = new StopInstancesCommand({ InstanceIds: [id] });
  return stateChange(id, (await client.send(command, sendOptions(signal))).StoppingInstances);
}

/** Terminates an instance. */
export async function terminateInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange> {
  const [client, { TerminateInstancesCommand }] = await ec2(aws);
  const command = new TerminateInstancesCommand({ InstanceIds: [id] });
  return stateChange(id, (await client.send(command, sendOptions(signal))).TerminatingInstances);
}

function stateChange(id: string, changes: readonly InstanceStateChange[] | undefined): StateChange {
  const change = changes?.find(({ InstanceId }) => InstanceId === id);
  const before = change?.PreviousState?.Name;
  const after = change?.CurrentState?.Name;
  if (before === undefined || after === undefined) {
    throw new Error(`Cannot read the state of ${id}: the instance is not in EC2's answer`);
  }
  return { id, before, after };
}
