/**
 * Starts, stops and terminates instances. EC2 rejects a call for several instances if one of them cannot change its state.
 *
 * @module
 */
import type { InstanceStateChange } from "@aws-sdk/client-ec2";
import type { InstanceState } from "../../scaling/model/instance.ts";
import type { Results } from "../many/batches.ts";
import { gathered, perAccount } from "../many/gather.ts";
import { type Aws, sendOptions } from "../clients.ts";
import { isInsufficientCapacity, isQuotaExceeded } from "../errors.ts";
import { ec2 } from "./client.ts";

/** An instance's state before and after a call. */
export interface StateChange {
  readonly id: string;
  readonly before: InstanceState;
  readonly after: InstanceState;
}

/**
 * Starts an instance. A running or pending instance does not change. Returns when EC2 has accepted the call, before the
 * instance runs. Instances of one place that start at the same time share a call.
 *
 * @param place the zone and the type of the instance. If EC2 has no capacity for an instance of a place, or a quota is reached,
 *   the starts of the instances after it in the call fail too
 */
export function startInstance(aws: Aws, id: string, place?: string): Promise<StateChange> {
  return starts(aws, place)(id);
}

const starts = perAccount((aws, place?: string) =>
  gathered((ids) => startInstances(aws, ids), {
    endsBatch: (error) => place !== undefined && (isInsufficientCapacity(error) || isQuotaExceeded(error)),
  })
);

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

/** Stops an instance. A stopped or stopping instance does not change. Instances that stop at the same time share a call. */
export function stopInstance(aws: Aws, id: string): Promise<StateChange> {
  return stops(aws)(id);
}

const stops = perAccount((aws) => gathered((ids) => stopInstances(aws, ids)));

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

/** Terminates an instance. Instances that terminate at the same time share a call. */
export function terminateInstance(aws: Aws, id: string): Promise<StateChange> {
  return terminations(aws)(id);
}

const terminations = perAccount((aws) => gathered((ids) => terminateInstances(aws, ids)));

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
