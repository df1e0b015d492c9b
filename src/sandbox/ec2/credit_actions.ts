/**
 * EC2's API actions on the CPU credits of burstable instances. Source: EC2 API, DescribeInstanceCreditSpecifications; EC2 user guide,
 * "Unlimited mode for burstable performance instances".
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import type { Instance } from "../account/instance.ts";
import type { Snapshot } from "../account/snapshot.ts";
import { AwsError, type Service } from "../wire/action.ts";
import { oneOf, required, shapes, text } from "../wire/input.ts";
import { requestedInstances, requestedOrAllInstances } from "./request.ts";

/** Returns whether an instance is burstable: it has a T type. */
export function isBurstable({ type }: Pick<Instance, "type">): boolean {
  return /^t\d/.test(type);
}

/** Returns whether a burstable instance may exceed its baseline without credits. By default the T2 types may not. */
export function isUnlimited({ type, cpuCredits }: Pick<Instance, "type" | "cpuCredits">): boolean {
  return (cpuCredits ?? (type.startsWith("t2.") ? "standard" : "unlimited")) === "unlimited";
}

/**
 * Returns EC2's API actions on CPU credits.
 *
 * @param read function that returns the snapshot of the account that API reads use; the snapshot can be stale
 */
export function creditActions(account: Account, read: () => Snapshot): Service {
  return {
    // Without ids, EC2 lists the unlimited instances only.
    DescribeInstanceCreditSpecifications: (input) => {
      const named = "InstanceIds" in input;
      const found = requestedOrAllInstances(read(), input);
      const other = found.find((instance) => !isBurstable(instance));
      if (named && other !== undefined) {
        throw new AwsError(
          "InvalidParameterCombination",
          `The instance '${other.id}' is not a burstable performance instance`,
        );
      }
      const listed = found.filter((instance) => isBurstable(instance) && (named || isUnlimited(instance)));
      return {
        InstanceCreditSpecifications: listed.map((instance) => ({
          InstanceId: instance.id,
          CpuCredits: isUnlimited(instance) ? "unlimited" : "standard",
        })),
      };
    },

    ModifyInstanceCreditSpecification: (input) => {
      const changes = shapes(input, "InstanceCreditSpecifications").map((change) => ({
        id: required(text(change, "InstanceId"), "InstanceId"),
        cpuCredits: required(oneOf(change, "CpuCredits", ["standard", "unlimited"]), "CpuCredits"),
      }));
      requestedInstances(account.current, { InstanceIds: changes.map(({ id }) => id) });
      for (const { id, cpuCredits } of changes) account.updateInstance(id, { cpuCredits });
      return {
        SuccessfulInstanceCreditSpecifications: changes.map(({ id }) => ({ InstanceId: id })),
        UnsuccessfulInstanceCreditSpecifications: [],
      };
    },
  };
}
