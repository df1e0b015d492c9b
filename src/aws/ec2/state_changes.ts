/**
 * Starts, stops and terminates instances. EC2 rejects a call for several instances if one of them cannot change its state.
 *
 * @module
 */
import type { InstanceStateChange } from "@aws-sdk/client-ec2";
import type { InstanceState } from "../../scaling/model/instance.ts";
import type { Results } from "../many/batches.ts";
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
  return changeOf(id, await startInstances(aws, [id], signal));
}

/** Starts instances as {@linkcode startInstance} does. */
export async function startInstances(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Results<StateChange>> {
  const [client, { StartInstancesCommand }] = await ec2(aws);
  const command = new StartInstancesCommand({ InstanceIds: [...ids] });
  return changesIn((await client.send(command, sendOptions(signal))).StartingInstances);
}

/** Stops an instance. A stopped or stopping instance does not change. */
export async function stopInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange> {
  return changeOf(id, await stopInstances(aws, [id], signal));
}

/** Stops instances as {@linkcode stopInstance} does. */
export async function stopInstances(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Results<StateChange>> {
  const [client, { StopInstancesCommand }] = await ec2(aws);
  const command = new StopInstancesCommand({ InstanceIds: [...ids] });
  return changesIn((await client.send(command, sendOptions(signal))).StoppingInstances);
}

/** Terminates an instance. */
export async function terminateInstance(aws: Aws, id: string, signal?: AbortSignal): Promise<StateChange> {
  return changeOf(id, await terminateInstances(aws, [id], signal));
}

/** Terminates instances. */
export async function terminateInstances(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Results<StateChange>> {
  const [client, { TerminateInstancesCommand }] = await ec2(aws);
  const command = new TerminateInstancesCommand({ InstanceIds: [...ids] });
  return changesIn((await client.send(command, sendOptions(signal))).TerminatingInstances);
}

/** Reads the changes in EC2's answer, without instances whose states are not in the answer. */
function changesIn(changes: readonly InstanceStateChange[] | undefined): Results<StateChange> {
  const found = new Map<string, StateChange>();
  for (const { InstanceId: id, PreviousState, CurrentState } of changes ?? []) {
    const before = PreviousState?.Name;
    const after = CurrentState?.Name;
    if (id !== undefined && before !== undefined && after !== undefined) found.set(id, { id, before, after });
  }
  return found;
}

function changeOf(id: string, changes: Results<StateChange>): StateChange {
  const change = changes.get(id);
  if (change === undefined) {
    throw new Error(`Cannot read the state of ${id}: the instance is not in EC2's answer`);
  }
  return change;
}
