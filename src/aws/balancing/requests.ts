/**
 * The CloudWatch metrics that count the requests of a load balancer.
 *
 * @module
 */
import type { Metric } from "../cloudwatch/metric.ts";
import type { Aws } from "../clients.ts";
import type { BalancerRef } from "./balancer.ts";
import * as classic from "./classic_balancer.ts";
import { describeTargetGroup, requestsOf } from "./target_group.ts";

/** Error: a load balancer does not count requests. */
export class NoRequestsError extends Error {
  override readonly name = "NoRequestsError";
}

/**
 * Returns the metrics whose sum is the number of requests that the fleet receives from its load balancer.
 *
 * @throws {NoRequestsError} if the load balancer does not count requests
 */
export async function requestMetrics(
  aws: Aws,
  ref: BalancerRef,
  signal?: AbortSignal,
): Promise<readonly Metric[]> {
  switch (ref.kind) {
    case "classic":
      return [classic.requestsOf(ref.name)];
    case "target-groups":
      return await Promise.all(ref.arns.map((arn) => requestsOfGroup(aws, arn, signal)));
    case "none":
      throw new NoRequestsError("the fleet has no load balancer that counts requests");
  }
}

async function requestsOfGroup(aws: Aws, arn: string, signal: AbortSignal | undefined): Promise<Metric> {
  const group = await describeTargetGroup(aws, arn, signal);
  const metric = requestsOf(arn, group?.LoadBalancerArns?.[0]);
  if (metric === undefined) throw new NoRequestsError(`no load balancer uses the target group ${arn}`);
  if (metric.name !== "RequestCount") {
    throw new NoRequestsError("a Network Load Balancer counts connections and not requests");
  }
  return metric;
}
