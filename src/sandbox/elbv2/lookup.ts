/**
 * Finds the resources that a request to Elastic Load Balancing v2 names.
 *
 * @module
 */
import { integer, required, text, texts, validationError } from "../wire/input.ts";
import { type Page, page } from "../wire/paging.ts";
import { AwsError, type Shape } from "../wire/action.ts";
import type { ForwardingListener, TargetGroup, V2Balancer } from "../account/load_balancer.ts";
import type { Snapshot } from "../account/snapshot.ts";

/** Returns the target group that a request names. Throws AwsError TargetGroupNotFound. */
export function requestedGroup({ targetGroups }: Snapshot, input: Shape): TargetGroup {
  const group = targetGroups.get(required(text(input, "TargetGroupArn"), "TargetGroupArn"));
  if (group === undefined) throw new AwsError("TargetGroupNotFound", "One or more target groups not found");
  return group;
}

/** Returns the load balancer that a request names. Throws AwsError LoadBalancerNotFound. */
export function requestedBalancer({ v2Balancers }: Snapshot, input: Shape): V2Balancer {
  const balancer = v2Balancers.get(required(text(input, "LoadBalancerArn"), "LoadBalancerArn"));
  if (balancer === undefined) {
    throw new AwsError("LoadBalancerNotFound", "One or more load balancers not found");
  }
  return balancer;
}

/** A listener and its load balancer. */
export interface FoundListener {
  readonly balancer: V2Balancer;
  readonly listener: ForwardingListener;
}

/** Returns the listener with an ARN. Throws AwsError ListenerNotFound. */
export function listenerOf({ v2Balancers }: Snapshot, arn: string): FoundListener {
  for (const balancer of v2Balancers.values()) {
    const listener = balancer.listeners.find((listener) => listener.arn === arn);
    if (listener !== undefined) return { balancer, listener };
  }
  throw new AwsError("ListenerNotFound", "One or more listeners not found");
}

/**
 * Returns the resources that a request names by ARN or name, or all resources if the request names none. Throws an AwsError
 * with the code `code` if a named resource does not exist.
 */
export function requestedOrAll<T extends { readonly arn: string; readonly name: string }>(
  all: ReadonlyMap<string, T>,
  input: Shape,
  arns: string,
  code: string,
): readonly T[] {
  const names = texts(input, "Names");
  const requested = [...texts(input, arns), ...names];
  if (requested.length === 0) return [...all.values()];
  return requested.map((nameOrArn) => {
    const found = all.get(nameOrArn) ?? Array.from(all.values()).find(({ name }) => name === nameOrArn);
    if (found === undefined) throw new AwsError(code, `'${nameOrArn}' not found`);
    return found;
  });
}

/** Returns the page of a list that a request's Marker and PageSize select. */
export function pageOf<T extends { readonly arn: string }>(items: readonly T[], input: Shape): Page<T> {
  const size = integer(input, "PageSize", 1, 400) ?? 400;
  return page(items, ({ arn }) => arn, size, text(input, "Marker"), () => validationError("Invalid Marker"));
}
