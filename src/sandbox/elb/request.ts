/**
 * Helpers for requests to Classic Elastic Load Balancing.
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import type { LoadBalancer } from "../account/load_balancer.ts";
import type { Snapshot } from "../account/snapshot.ts";
import { AwsError, type Shape } from "../wire/action.ts";
import { required, shapes, text } from "../wire/input.ts";

/** Returns the load balancer that a request names. Throws AwsError LoadBalancerNotFound. */
export function requestedBalancer({ balancers }: Snapshot, input: Shape): LoadBalancer {
  const name = required(text(input, "LoadBalancerName"), "LoadBalancerName");
  const balancer = balancers.get(name);
  if (balancer === undefined) {
    throw new AwsError("LoadBalancerNotFound", `There is no ACTIVE Load Balancer named '${name}'`);
  }
  return balancer;
}

/** Changes the load balancer that a request names and returns its new value. Throws AwsError LoadBalancerNotFound. */
export function changeBalancer(
  account: Account,
  input: Shape,
  changes: (balancer: LoadBalancer) => Partial<LoadBalancer>,
): LoadBalancer {
  const balancer = requestedBalancer(account.current, input);
  const changed = { ...balancer, ...changes(balancer) };
  account.putBalancer(changed);
  return changed;
}

/** Returns the instance ids of a request's Instances parameter. */
export function readInstanceIds(input: Shape): string[] {
  return shapes(input, "Instances").map((instance) => required(text(instance, "InstanceId"), "InstanceId"));
}

/** Returns the tags of a request by key. */
export function readTags(input: Shape): Record<string, string> {
  return Object.fromEntries(
    shapes(input, "Tags").map((tag) => [required(text(tag, "Key"), "Key"), text(tag, "Value") ?? ""]),
  );
}
