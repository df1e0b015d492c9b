/**
 * Doctor's checks of what the CPU of an instance can show: credits limit it.
 *
 * @module
 */
import { counted, percent } from "../../../cli/format.ts";
import { baselineOf } from "../../../scaling/model/burstable.ts";
import { type Check, listed, named, orOk, skipped, warning } from "../check.ts";
import { required } from "../observation.ts";
import { members } from "./fleet.ts";

export const credits: Check = {
  name: "credits",
  expects:
    "an instance of a T type shows a CPU above the threshold of its cpuhigh alarm also without CPU credits",
  run: (observation) => {
    const burstable = members(observation).filter(({ type }) => baselineOf(type) !== undefined);
    if (burstable.length === 0) return skipped("no instance has a T type");
    const options = required(observation.credits);
    const alarms = required(observation.alarms).filter(({ kind }) => kind === "cpuhigh");
    const thresholds = new Map(alarms.map(({ dimension, threshold }) => [dimension, threshold]));
    const limited = burstable.filter(({ id, type }) =>
      options.get(id) === "standard" && (baselineOf(type) ?? 0) < (thresholds.get(id) ?? -Infinity)
    );
    const findings = Array.from(Map.groupBy(limited, ({ type }) => type), ([type, found]) => {
      const ids = found.map(({ id }) => id);
      const threshold = Math.min(...ids.map((id) => thresholds.get(id) ?? Infinity));
      const detail =
        `without CPU credits EC2 limits the CPU of a ${type} to ${
          percent(baselineOf(type) ?? 0)
        }, below the ` +
        `threshold of ${percent(threshold)}, and a saturated instance then starts no other: ${named(ids)}. ` +
        "Unlimited mode lifts the limit, and costs extra above it";
      const changes = listed(ids).map((id) => `InstanceId=${id},CpuCredits=unlimited`);
      return warning(
        detail,
        observation.plan.aws(
          "ec2",
          "modify-instance-credit-specification",
          "--instance-credit-specifications",
          ...changes,
        ),
      );
    });
    return orOk(findings, `${counted(burstable.length, "instance")} of a T type`);
  },
};
