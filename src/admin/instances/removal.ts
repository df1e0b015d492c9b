/**
 * Deregisters and terminates instances, in as few calls as possible.
 *
 * @module
 */
import { type BalancerRef, deregister } from "../../aws/balancing/balancer.ts";
import type { Results } from "../../aws/many/batches.ts";
import type { Aws } from "../../aws/clients.ts";
import { byOperator } from "../../aws/ec2/operator_tags.ts";
import { type StateChange, terminateInstances } from "../../aws/ec2/state_changes.ts";

/** Instances to remove. */
export interface Removal {
  readonly ids: readonly string[];
  /** The instances that are registered with the load balancer: they are deregistered first. */
  readonly registered: ReadonlySet<string>;
  /** The instances to terminate. */
  readonly terminated: ReadonlySet<string>;
}

/** Deregisters instances, and then terminates them. The change of an instance that stays is undefined. */
export async function removeInstances(
  aws: Aws,
  balancer: BalancerRef,
  { ids, registered, terminated }: Removal,
  signal: AbortSignal,
): Promise<Results<StateChange | undefined>> {
  return await byOperator(aws, ids, signal, async () => {
    const toDeregister = ids.filter((id) => registered.has(id));
    if (toDeregister.length > 0) await deregister(aws, balancer, toDeregister, signal);
    const toTerminate = ids.filter((id) => terminated.has(id));
    const changes = toTerminate.length > 0 ? await terminateInstances(aws, toTerminate, signal) : new Map();
    const staying = ids.filter((id) => !terminated.has(id)).map((id) => [id, undefined] as const);
    return new Map<string, StateChange | undefined>([...changes, ...staying]);
  });
}
