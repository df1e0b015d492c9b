/**
 * The API actions of Elastic Load Balancing v2 on target groups and their targets.
 *
 * @module
 */
import { integer, required, shapes, text, validationError } from "../wire/input.ts";
import { AwsError, type Service, type Shape } from "../wire/action.ts";
import type { Snapshot } from "../account/snapshot.ts";
import type { TargetGroup } from "../account/load_balancer.ts";
import type { ElbV2Options } from "./options.ts";
import { balancerOfGroup } from "../account/snapshot.ts";
import { pageOf, requestedGroup, requestedOrAll } from "./lookup.ts";
import {
  DEREGISTRATION_DELAY,
  readHealthCheck,
  readTargetGroup,
  targetGroupShape,
  targetHealthShape,
} from "./shapes.ts";

/**
 * Returns the API actions of Elastic Load Balancing v2 on target groups and targets.
 *
 * @param arn function that returns a unique ARN for the path of a resource
 */
export function targetGroupActions(
  { account, balancers, faults }: ElbV2Options,
  arn: (path: string) => string,
): Service {
  const read = (): Snapshot => account.snapshotAgo(faults.readAge());

  return {
    CreateTargetGroup: (input) => {
      const settings = readTargetGroup(input);
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
        return { TargetGroups: [targetGroupShape(same, balancerOfGroup(account.current, same.arn)?.arn)] };
      }
      const created: TargetGroup = {
        ...settings,
        arn: arn(`targetgroup/${settings.name}`),
        zones: [],
        deregistrationDelay: 300,
        registrations: new Map(),
        previouslyRegistered: new Set(),
      };
      balancers.addTargetGroup(created);
      return { TargetGroups: [targetGroupShape(created, undefined)] };
    },

    DeleteTargetGroup: (input) => {
      const arn = required(text(input, "TargetGroupArn"), "TargetGroupArn");
      if (balancerOfGroup(account.current, arn) !== undefined) {
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
      const shown = balancer === undefined
        ? requested
        : requested.filter(({ arn }) => balancerOfGroup(snapshot, arn)?.arn === balancer);
      const { items, NextToken } = pageOf(shown, input);
      return {
        TargetGroups: items.map((group) =>
          targetGroupShape(group, balancerOfGroup(snapshot, group.arn)?.arn)
        ),
        NextMarker: NextToken,
      };
    },

    ModifyTargetGroup: (input) => {
      const group = requestedGroup(account.current, input);
      const changed = { ...group, ...readHealthCheck(input, group.port, group) };
      account.putTargetGroups(changed);
      return { TargetGroups: [targetGroupShape(changed, balancerOfGroup(account.current, group.arn)?.arn)] };
    },

    DescribeTargetGroupAttributes: (input) => ({
      Attributes: attributeShapes(requestedGroup(read(), input)),
    }),

    ModifyTargetGroupAttributes: (input) => {
      let group = requestedGroup(account.current, input);
      for (const attribute of shapes(input, "Attributes")) {
        const key = required(text(attribute, "Key"), "Key");
        if (key !== DEREGISTRATION_DELAY) {
          throw validationError(`Target group attribute key '${key}' is not recognized`);
        }
        group = { ...group, deregistrationDelay: required(integer(attribute, "Value", 0, 3_600), "Value") };
      }
      account.putTargetGroups(group);
      return { Attributes: attributeShapes(group) };
    },

    RegisterTargets: (input) => {
      const group = requestedGroup(account.current, input);
      const ids = readTargetIds(input, group);
      const unknown = ids.find((id) => !account.current.instances.has(id));
      if (unknown !== undefined) throw invalidTarget(`The following targets are not valid: '${unknown}'`);
      const stopped = ids.filter((id) => account.current.instances.get(id)?.state !== "running");
      if (stopped.length > 0) {
        throw invalidTarget(
          "The following targets are not in a running state and cannot be registered: " +
            stopped.map((id) => `'${id}'`).join(", "),
        );
      }
      for (const id of ids) {
        const phase = account.current.targetGroups.get(group.arn)?.registrations.get(id);
        // A repeated registration changes a target only if the target is draining.
        if (phase !== undefined && phase !== "draining") continue;
        balancers.proxy(group.arn)?.cancelDraining(id);
        account.setRegistration(group.arn, id, "registering");
      }
      return {};
    },

    // AWS does not report an error for the deregistration of an unregistered target. Source: ELB API, DeregisterTargets.
    DeregisterTargets: (input) => {
      const group = requestedGroup(account.current, input);
      for (const id of readTargetIds(input, group)) {
        const phase = group.registrations.get(id);
        if (phase === undefined || phase === "draining") continue;
        if (group.zones.length > 0) balancers.proxy(group.arn)?.drain(id);
        else account.setRegistration(group.arn, id, undefined);
      }
      return {};
    },

    DescribeTargetHealth: (input) => {
      const snapshot = read();
      const group = requestedGroup(snapshot, input);
      const requested = readTargetIds(input, group);
      const ids = requested.length > 0 ? requested : [...group.registrations.keys()];
      return {
        TargetHealthDescriptions: ids.map((id) => targetHealthShape(id, group, snapshot.instances.get(id))),
      };
    },
  };
}

function attributeShapes({ deregistrationDelay }: TargetGroup): Shape[] {
  return [{ Key: DEREGISTRATION_DELAY, Value: String(deregistrationDelay) }];
}

/** Reads the instance ids of a request's targets. Throws AwsError for a target on a port other than the target group's port. */
function readTargetIds(input: Shape, group: TargetGroup): string[] {
  return shapes(input, "Targets").map((target) => {
    if ((integer(target, "Port", 1, 65_535) ?? group.port) !== group.port) {
      throw validationError("The sandbox supports targets only on the port of their target group");
    }
    return required(text(target, "Id"), "Id");
  });
}

function invalidTarget(message: string): AwsError {
  return new AwsError("InvalidTarget", message);
}
