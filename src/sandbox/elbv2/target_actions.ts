/**
 * The API actions of Elastic Load Balancing v2 on targets: an instance at a port.
 *
 * @module
 */
import { integer, required, shapes, text } from "../wire/input.ts";
import { AwsError, type Service, type Shape } from "../wire/action.ts";
import type { Snapshot } from "../account/snapshot.ts";
import { instanceOf, type TargetGroup } from "../account/load_balancer.ts";
import type { ElbV2Options } from "./options.ts";
import { requestedGroup } from "./lookup.ts";
import { isInVpc, targetHealthShape } from "./shapes.ts";

/** Returns the API actions of Elastic Load Balancing v2 on targets. */
export function targetActions({ account, balancers }: ElbV2Options, read: () => Snapshot): Service {
  /** Throws AwsError unless an instance of the account can become a target of a group. */
  const checkInstances = (ids: readonly string[], group: TargetGroup): void => {
    const { instances } = account.current;
    const refuse = (refused: readonly string[], message: string) => {
      if (refused.length === 0) return;
      throw new AwsError("InvalidTarget", `${message}: ${refused.map((id) => `'${id}'`).join(", ")}`);
    };
    refuse(ids.filter((id) => !instances.has(id)), "The following targets are not valid");
    refuse(
      ids.filter((id) => instances.get(id)?.state !== "running"),
      "The following targets are not in a running state and cannot be registered",
    );
    refuse(
      ids.filter((id) => !isInVpc(group, instances.get(id)?.subnet)),
      `The following targets are not in the target group VPC '${group.vpc}'`,
    );
  };

  return {
    RegisterTargets: (input) => {
      const group = requestedGroup(account.current, input);
      const registrations = readTargets(input, group);
      checkInstances([...new Set(registrations.map(instanceOf))], group);
      for (const registration of registrations) {
        const phase = account.current.targetGroups.get(group.arn)?.registrations.get(registration);
        // A repeated registration changes a target only if the target is draining.
        if (phase !== undefined && phase !== "draining") continue;
        balancers.traffic(group.arn)?.cancelDraining(registration);
        account.setRegistration(group.arn, registration, "registering");
      }
      return {};
    },

    // AWS does not report an error for the deregistration of an unregistered target. Source: ELB API, DeregisterTargets.
    DeregisterTargets: (input) => {
      const group = requestedGroup(account.current, input);
      for (const registration of readTargets(input, group)) {
        const phase = group.registrations.get(registration);
        if (phase === undefined || phase === "draining") continue;
        if (group.zones.length > 0) balancers.traffic(group.arn)?.drain(registration);
        else account.setRegistration(group.arn, registration, undefined);
      }
      return {};
    },

    DescribeTargetHealth: (input) => {
      const snapshot = read();
      const group = requestedGroup(snapshot, input);
      const requested = readTargets(input, group);
      const shown = requested.length > 0 ? requested : [...group.registrations.keys()];
      return {
        TargetHealthDescriptions: shown.map((registration) =>
          targetHealthShape(snapshot, group, registration)
        ),
      };
    },
  };
}

/** Reads the targets of a request as registrations: `i-1:8080`. A target without a port is at the port of its group. */
function readTargets(input: Shape, group: TargetGroup): string[] {
  return shapes(input, "Targets").map((target) =>
    `${required(text(target, "Id"), "Id")}:${integer(target, "Port", 1, 65_535) ?? group.port}`
  );
}
