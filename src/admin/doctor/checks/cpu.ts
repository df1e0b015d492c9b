/**
 * Doctor's checks of what the CPU of an instance can show: credits limit it, and a service with one thread uses one vCPU only.
 *
 * @module
 */
import { counted, percent } from "../../../cli/format.ts";
import { baselineOf } from "../../../scaling/model/burstable.ts";
import { type Check, listed, named, orOk, skipped, warning } from "../check.ts";
import { type Observation, required } from "../observation.ts";
import type { ServiceAnswer } from "../services.ts";
import { members } from "./fleet.ts";

export const credits: Check = {
  name: "credits",
  expects:
    "an instance of a T type shows a CPU above the threshold of its cpuhigh alarm also without CPU credits",
  run: (observation) => {
    const burstable = members(observation).filter(({ type }) => baselineOf(type) !== undefined);
    if (burstable.length === 0) return skipped("no instance has a T type");
    const options = required(observation.credits);
    const thresholds = cpuHighThresholds(observation);
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

export const vcpus: Check = {
  name: "vcpus",
  expects:
    "a service with one thread reaches the threshold of the cpuhigh alarm, which watches the average of all vCPUs",
  run: (observation) => {
    const several = members(observation).filter(({ vcpus = 1 }) => vcpus > 1);
    const thresholds = cpuHighThresholds(observation);
    const findings = Array.from(Map.groupBy(several, ({ vcpus = 1 }) => vcpus), ([count, found]) => {
      const limited = found.filter(({ id }) =>
        isOtherService(observation.services.get(id)) && 100 / count <= (thresholds.get(id) ?? -Infinity)
      );
      return { count, ids: limited.map(({ id }) => id) };
    }).filter(({ ids }) => ids.length > 0).map(({ count, ids }) => {
      const threshold = Math.min(...ids.map((id) => thresholds.get(id) ?? Infinity));
      const high = Math.floor(80 / count);
      return warning(
        `a service with one thread shows at most ${
          percent(100 / count)
        } of ${count} vCPUs, below the threshold of ` +
          `${percent(threshold)}: ${named(ids)}. Let the service use all vCPUs, or lower the thresholds`,
        observation.plan.kas("alarms", "set", "--all", "--cpu", `${Math.floor(high / 2)}:${high}`),
      );
    });
    return orOk(findings, `${counted(several.length, "instance")} with several vCPUs`);
  },
};

/** Whether a service answers that is not kas worker, which uses all vCPUs by default. */
function isOtherService(answer: ServiceAnswer | undefined): boolean {
  return answer !== undefined && !("noAnswer" in answer) && answer.version === undefined;
}

/** The thresholds of the cpuhigh alarms by instance id, in percent. */
function cpuHighThresholds({ alarms }: Observation): ReadonlyMap<string, number> {
  const high = required(alarms).filter(({ kind }) => kind === "cpuhigh");
  return new Map(high.map(({ dimension, threshold }) => [dimension, threshold]));
}
