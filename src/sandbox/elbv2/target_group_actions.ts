/**
 * ELB v2's actions on target groups, and the registration and health of their targets.
 *
 * @module
 */
import { invalid, needed, shapes, text, whole } from "../wire/input.ts";
import { AwsError, type Service, type Shape } from "../wire/service.ts";
import type { Snapshot, TargetGroup } from "../world.ts";
import type { ElbV2Options } from "./options.ts";
import { chosenOf, groupOf, paged, userOf } from "../elb/found.ts";
import { DELAY, describeGroup, health, readGroup, readHealthCheck } from "./target_groups.ts";

/** The actions; `arn` makes one that nothing else has. */
export function targetGroupActions(
  { world, balancers, faults }: ElbV2Options,
  arn: (path: string) => string,
): Service {
  const read = (): Snapshot => world.ago(faults.staleReads);

  return {
    CreateTargetGroup: (input) => {
      const wish = readGroup(input);
      const same = Array.from(world.now.targetGroups.values()).find(({ name }) => name === wish.name);
      if (same !== undefined) {
        if (JSON.stringify({ ...same, ...wish }) !== JSON.stringify(same)) {
          throw new AwsError(
            "DuplicateTargetGroupName",
            `A target group with the name '${wish.name}' exists, but with different settings`,
          );
        }
        return { TargetGroups: [describeGroup(same, userOf(world.now, same.arn)?.arn)] };
      }
      const created: TargetGroup = {
        ...wish,
        arn: arn(`targetgroup/${wish.name}`),
        zones: [],
        delay: 300,
        registrations: new Map(),
        formerly: new Set(),
      };
      balancers.openGroup(created);
      return { TargetGroups: [describeGroup(created, undefined)] };
    },

    DeleteTargetGroup: (input) => {
      const arn = needed(text(input, "TargetGroupArn"), "TargetGroupArn");
      if (userOf(world.now, arn) !== undefined) {
        throw new AwsError(
          "ResourceInUse",
          `Target group '${arn}' is currently in use by a listener or a rule`,
        );
      }
      balancers.close(arn);
      return {};
    },

    DescribeTargetGroups: (input) => {
      const snapshot = read();
      const chosen = chosenOf(snapshot.targetGroups, input, "TargetGroupArns", "TargetGroupNotFound");
      const balancer = text(input, "LoadBalancerArn");
      const shown = balancer === undefined
        ? chosen
        : chosen.filter(({ arn }) => userOf(snapshot, arn)?.arn === balancer);
      const { items, NextToken } = paged(shown, input);
      return {
        TargetGroups: items.map((group) => describeGroup(group, userOf(snapshot, group.arn)?.arn)),
        NextMarker: NextToken,
      };
    },

    ModifyTargetGroup: (input) => {
      const group = groupOf(world.now, input);
      const changed = { ...group, ...readHealthCheck(input, group.port, group) };
      world.putTargetGroups(changed);
      return { TargetGroups: [describeGroup(changed, userOf(world.now, group.arn)?.arn)] };
    },

    DescribeTargetGroupAttributes: (input) => ({ Attributes: attributes(groupOf(read(), input)) }),

    ModifyTargetGroupAttributes: (input) => {
      let group = groupOf(world.now, input);
      for (const attribute of shapes(input, "Attributes")) {
        const key = needed(text(attribute, "Key"), "Key");
        if (key !== DELAY) throw invalid(`Target group attribute key '${key}' is not recognized`);
        group = { ...group, delay: needed(whole(attribute, "Value", 0, 3_600), "Value") };
      }
      world.putTargetGroups(group);
      return { Attributes: attributes(group) };
    },

    RegisterTargets: (input) => {
      const group = groupOf(world.now, input);
      const ids = targetIds(input, group);
      const unknown = ids.find((id) => !world.now.instances.has(id));
      if (unknown !== undefined) throw invalidTarget(`The following targets are not valid: '${unknown}'`);
      const idle = ids.filter((id) => world.now.instances.get(id)?.state !== "running");
      if (idle.length > 0) {
        throw invalidTarget(
          "The following targets are not in a running state and cannot be registered: " +
            idle.map((id) => `'${id}'`).join(", "),
        );
      }
      for (const id of ids) {
        const phase = world.now.targetGroups.get(group.arn)?.registrations.get(id);
        // Registering again changes nothing, unless the target is on its way out.
        if (phase !== undefined && phase !== "draining") continue;
        balancers.proxy(group.arn)?.takeBack(id);
        world.setRegistration(group.arn, id, "registering");
      }
      return {};
    },

    // One that is not registered is no error. Source: ELB API, DeregisterTargets.
    DeregisterTargets: (input) => {
      const group = groupOf(world.now, input);
      for (const id of targetIds(input, group)) {
        const phase = group.registrations.get(id);
        if (phase === undefined || phase === "draining") continue;
        if (group.zones.length > 0) balancers.proxy(group.arn)?.drain(id);
        else world.setRegistration(group.arn, id, undefined);
      }
      return {};
    },

    DescribeTargetHealth: (input) => {
      const snapshot = read();
      const group = groupOf(snapshot, input);
      const asked = targetIds(input, group);
      const ids = asked.length > 0 ? asked : [...group.registrations.keys()];
      return {
        TargetHealthDescriptions: ids.map((id) => health(id, group, snapshot.instances.get(id))),
      };
    },
  };
}

function attributes({ delay }: TargetGroup): Shape[] {
  return [{ Key: DELAY, Value: String(delay) }];
}

/** The ids of a request's targets, at the group's own port. Throws AwsError. */
function targetIds(input: Shape, group: TargetGroup): string[] {
  return shapes(input, "Targets").map((target) => {
    if ((whole(target, "Port", 1, 65_535) ?? group.port) !== group.port) {
      throw invalid("The sandbox's targets are at their group's own port");
    }
    return needed(text(target, "Id"), "Id");
  });
}

function invalidTarget(message: string): AwsError {
  return new AwsError("InvalidTarget", message);
}
