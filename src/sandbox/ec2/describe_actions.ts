/**
 * EC2's API actions that describe instances. Source: EC2 API reference.
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import type { Instance } from "../account/instance.ts";
import type { Snapshot } from "../account/snapshot.ts";
import type { Clock } from "../clock.ts";
import type { Faults } from "../faults/faults.ts";
import { AwsError, type Service, type Shape } from "../wire/action.ts";
import { boolean, text, texts } from "../wire/input.ts";
import { applyFilters, pageOf } from "./filters.ts";
import { missingParameter, requestedInstances, requestedOrAllInstances } from "./request.ts";
import {
  hasVolume,
  instanceFilterValues,
  reservationShapes,
  volumeFilterValues,
  volumeOf,
  volumeShape,
} from "./shapes.ts";
import { statusFilterValues, statusOf, statusShape } from "./statuses.ts";

/** The maximum number of ids in a call of DescribeInstanceStatus. Source: EC2 API, DescribeInstanceStatus. */
const MAX_STATUS_IDS = 100;

/**
 * Returns EC2's API actions that describe instances.
 *
 * @param read function that returns the snapshot of the account that API reads use; the snapshot can be stale
 */
export function describeActions(
  clock: Clock,
  account: Account,
  read: () => Snapshot,
  faults: Faults,
): Service {
  return {
    DescribeInstances: (input) => {
      refuseIdsWithPages(input);
      const instances = applyFilters(requestedOrAllInstances(read(), input), input, instanceFilterValues);
      const { items, NextToken } = pageOf(instances, ({ id }) => id, input);
      return { Reservations: reservationShapes(items), NextToken };
    },

    DescribeInstanceStatus: (input) => {
      refuseIdsWithPages(input);
      if (texts(input, "InstanceIds").length > MAX_STATUS_IDS) {
        throw new AwsError(
          "InvalidParameterValue",
          `The request has more than ${MAX_STATUS_IDS} instance ids`,
        );
      }
      const all = boolean(input, "IncludeAllInstances") ?? false;
      const found = requestedOrAllInstances(read(), input).filter(({ state }) => all || state === "running");
      const checksPass = ({ launchedAt }: Instance) =>
        (clock.now() - launchedAt) * clock.speed >= faults.statusDelay;
      const statuses = found.map((instance) => statusOf(instance, checksPass(instance)));
      const { items, NextToken } = pageOf(
        applyFilters(statuses, input, statusFilterValues),
        ({ instance }) => instance.id,
        input,
      );
      return { InstanceStatuses: items.map(statusShape), NextToken };
    },

    DescribeVolumes: (input) => {
      const ids = texts(input, "VolumeIds");
      const volumes = [...read().instances.values()].filter(hasVolume);
      const missing = ids.find((id) => !volumes.some((instance) => volumeOf(instance) === id));
      if (missing !== undefined) {
        throw new AwsError("InvalidVolume.NotFound", `The volume '${missing}' does not exist.`);
      }
      const asked = ids.length === 0 ? volumes : volumes.filter((it) => ids.includes(volumeOf(it)));
      const { items, NextToken } = pageOf(applyFilters(asked, input, volumeFilterValues), volumeOf, input);
      return { Volumes: items.map(volumeShape), NextToken };
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

/** Throws AwsError if a request has both instance ids and a page size. */
function refuseIdsWithPages(input: Shape): void {
  if (texts(input, "InstanceIds").length === 0 || text(input, "MaxResults") === undefined) return;
  throw new AwsError(
    "InvalidParameterCombination",
    "The parameter instancesSet cannot be used with the parameter maxResults",
  );
}
