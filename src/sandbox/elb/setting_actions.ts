/**
 * Classic ELB's API actions on a load balancer's health check, attributes and tags. Source: ELB API 2012-06-01.
 *
 * @module
 */
import type { Snapshot } from "../account/snapshot.ts";
import { AwsError, type Service } from "../wire/action.ts";
import { required, shape, texts } from "../wire/input.ts";
import type { ElbOptions } from "./options.ts";
import { changeBalancer, readTags, requestedBalancer } from "./request.ts";
import { attributesShape, healthCheckShape, readAttributes, readHealthCheck } from "./shapes.ts";

/** Maximum number of tags on a load balancer. Source: CLB guide, elb-limits. */
const MAX_TAGS = 10;

/** Returns Classic ELB's API actions on the settings of load balancers. */
export function settingActions({ account, faults }: ElbOptions): Service {
  const read = (): Snapshot => account.snapshotAgo(faults.readAge());

  return {
    ConfigureHealthCheck: (input) => {
      const healthCheck = readHealthCheck(required(shape(input, "HealthCheck"), "HealthCheck"));
      changeBalancer(account, input, () => ({ healthCheck }));
      return { HealthCheck: healthCheckShape(healthCheck) };
    },

    DescribeLoadBalancerAttributes: (input) => ({
      LoadBalancerAttributes: attributesShape(requestedBalancer(read(), input).attributes),
    }),

    ModifyLoadBalancerAttributes: (input) => {
      const requested = required(shape(input, "LoadBalancerAttributes"), "LoadBalancerAttributes");
      const changed = changeBalancer(account, input, ({ attributes }) => ({
        attributes: readAttributes(attributes, requested),
      }));
      return { LoadBalancerName: changed.name, LoadBalancerAttributes: attributesShape(changed.attributes) };
    },

    AddTags: (input) => {
      const added = readTags(input);
      for (const LoadBalancerName of texts(input, "LoadBalancerNames")) {
        changeBalancer(account, { LoadBalancerName }, (balancer) => {
          const tags = { ...balancer.tags, ...added };
          if (Object.keys(tags).length > MAX_TAGS) {
            throw new AwsError("TooManyTags", `More than ${MAX_TAGS} tags on a load balancer`);
          }
          return { tags };
        });
      }
      return {};
    },

    DescribeTags: (input) => ({
      TagDescriptions: texts(input, "LoadBalancerNames").map((LoadBalancerName) => {
        const { tags } = requestedBalancer(read(), { LoadBalancerName });
        return { LoadBalancerName, Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
      }),
    }),
  };
}
