/**
 * EC2's API actions that describe instances. Source: EC2 API reference.
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import type { Snapshot } from "../account/snapshot.ts";
import type { Faults } from "../faults/faults.ts";
import { AwsError, type Service } from "../wire/action.ts";
import { boolean, text, texts } from "../wire/input.ts";
import { applyFilters, pageOf } from "./filters.ts";
import { missingParameter, requestedInstances, requestedOrAllInstances } from "./request.ts";
import { instanceFilterValues, reservationShapes, statusShape } from "./shapes.ts";

/**
 * Returns EC2's API actions that describe instances.
 *
 * @param read function that returns the snapshot of the account that API reads use; the snapshot can be stale
 */
export function describeActions(account: Account, read: () => Snapshot, faults: Faults): Service {
  return {
    DescribeInstances: (input) => {
      if (texts(input, "InstanceIds").length > 0 && text(input, "MaxResults") !== undefined) {
        throw new AwsError(
          "InvalidParameterCombination",
          "The parameter instancesSet cannot be used with the parameter maxResults",
        );
      }
      const instances = applyFilters(requestedOrAllInstances(read(), input), input, instanceFilterValues);
      const { items, NextToken } = pageOf(instances, ({ id }) => id, input);
      return { Reservations: reservationShapes(items), NextToken };
    },

    DescribeInstanceStatus: (input) => {
      const all = boolean(input, "IncludeAllInstances") ?? false;
      const instances = applyFilters(requestedOrAllInstances(read(), input), input, instanceFilterValues);
      const { items, NextToken } = pageOf(
        instances.filter(({ state }) => all || state === "running"),
        ({ id }) => id,
        input,
      );
      return { InstanceStatuses: items.map(statusShape), NextToken };
    },

    DescribeInstanceAttribute: (input) => {
      const InstanceId = text(input, "InstanceId") ?? missingParameter("InstanceId");
      const [instance] = requestedInstances(account.current, { InstanceIds: [InstanceId] });
      const attribute = text(input, "Attribute") ?? missingParameter("Attribute");
      switch (attribute) {
        case "userData":
          return { InstanceId, UserData: { Value: instance?.userData } };
        case "instanceType":
          return { InstanceId, InstanceType: { Value: instance?.type } };
        case "disableApiStop":
          return { InstanceId, DisableApiStop: { Value: faults.protectedInstances.has(InstanceId) } };
        case "disableApiTermination":
          return { InstanceId, DisableApiTermination: { Value: faults.protectedInstances.has(InstanceId) } };
        default:
          throw new AwsError(
            "InvalidParameterValue",
            `The sandbox does not support the instance attribute '${attribute}'`,
          );
      }
    },
  };
}
