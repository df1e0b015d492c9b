/**
 * The API actions of Elastic Load Balancing v2 on target groups.
 *
 * @module
 */
import { required, text } from "../wire/input.ts";
import { AwsError, type Service } from "../wire/action.ts";
import { balancerOfGroup, type Snapshot } from "../account/snapshot.ts";
import type { TargetGroup } from "../account/load_balancer.ts";
import { attributeShapes, readAttributes, targetGroupAttributes } from "./attributes.ts";
import type { ElbV2Options } from "./options.ts";
import { pageOf, requestedGroup, requestedOrAll } from "./lookup.ts";
import { readHealthCheck, readTargetGroup } from "./settings.ts";
import { targetGroupShape } from "./shapes.ts";
import { readTags } from "./tags.ts";

/**
 * Returns the API actions of Elastic Load Balancing v2 on target groups.
 *
 * @param arn function that returns a unique ARN for the path of a resource
 */
export function targetGroupActions(
  { account, balancers }: ElbV2Options,
  read: () => Snapshot,
  arn: (path: string) => string,
): Service {
  return {
    CreateTargetGroup: (input) => {
      const settings = { ...readTargetGroup(input), tags: readTags(input) };
      const same = Array.from(account.current.targetGroups.values()).find(({ name }) =>
        name === settings.name
      );
      if (same !== undefined) {
        if (JSON.stringify({ ...same, ...settings }) !== JSON.stringify(same)) {
          throw new AwsError(
            "DuplicateTargetGroupName",
            `A target group with the name '${settings.name}' exists, but with different settings`,
          );
        }
        return { TargetGroups: [targetGroupShape(account.current, same)] };
      }
      const created: TargetGroup = {
        ...settings,
        arn: arn(`targetgroup/${settings.name}`),
        zones: [],
        attributes: targetGroupAttributes(settings.protocol),
        registrations: new Map(),
        previouslyRegistered: new Set(),
        failures: new Map(),
      };
      balancers.addTargetGroup(created);
      return { TargetGroups: [targetGroupShape(account.current, created)] };
    },

    DeleteTargetGroup: (input) => {
      const arn = required(text(input, "TargetGroupArn"), "TargetGroupArn");
      const { current } = account;
      const isLingering = [...current.lingering.values()].some(({ targetGroups }) =>
        targetGroups.includes(arn)
      );
      if (isLingering || balancerOfGroup(current, arn) !== undefined) {
        throw new AwsError(
          "ResourceInUse",
          `Target group '${arn}' is currently in use by a listener or a rule`,
        );
      }
      balancers.remove(arn);
      return {};
    },

    DescribeTargetGroups: (input) => {
      const snapshot = read();
      const requested = requestedOrAll(
        snapshot.targetGroups,
        input,
        "TargetGroupArns",
        "TargetGroupNotFound",
      );
      const balancer = text(input, "LoadBalancerArn");
      if (balancer !== undefined && !snapshot.v2Balancers.has(balancer)) {
        throw new AwsError("LoadBalancerNotFound", "One or more load balancers not found");
      }
      const shown = balancer === undefined
        ? requested
        : requested.filter(({ arn }) => balancerOfGroup(snapshot, arn)?.arn === balancer);
      const { items, NextToken } = pageOf(shown, input);
      return { TargetGroups: items.map((group) => targetGroupShape(snapshot, group)), NextMarker: NextToken };
    },

    ModifyTargetGroup: (input) => {
      const group = requestedGroup(account.current, input);
      const healthCheck = readHealthCheck(input, group.protocol, group.healthCheck);
      account.putTargetGroups({ ...group, healthCheck });
      return { TargetGroups: [targetGroupShape(account.current, { ...group, healthCheck })] };
    },

    DescribeTargetGroupAttributes: (input) => ({
      Attributes: attributeShapes(requestedGroup(read(), input).attributes),
    }),

    ModifyTargetGroupAttributes: (input) => {
      const group = requestedGroup(account.current, input);
      const attributes = readAttributes(group.attributes, input, "Target group");
      account.putTargetGroups({ ...group, attributes });
      return { Attributes: attributeShapes(attributes) };
    },
  };
}
