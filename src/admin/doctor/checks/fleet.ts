/**
 * Doctor's checks of the fleet: its instances, and its minimum and maximum capacity.
 *
 * @module
 */
import { TAG } from "../../../aws/ec2/ec2_instance.ts";
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { isoTime } from "../../../cli/format.ts";
import { exists, isQuarantined } from "../../../scaling/model/instance.ts";
import { autoscalerOf, type Status } from "../autoscalers.ts";
import { type Check, failed, listed, named, ok, orOk, skipped, warning } from "../check.ts";
import { type Observation, required } from "../observation.ts";
import { scheduleFindings } from "./schedules.ts";

/** Returns the fleet's instances, without instances that EC2 is terminating. */
export function members({ instances }: Observation): readonly Ec2Instance[] {
  return required(instances).filter(exists);
}

/** Returns the status of the fleet's autoscaler, or undefined if doctor cannot reach `/status`. */
export function statusOf({ autoscalers, plan }: Observation): Status | undefined {
  return autoscalerOf(autoscalers, plan.url, plan.fleet)?.status;
}

export const base: Check = {
  name: "base",
  expects: "the fleet has a base instance, and every base instance is running",
  run: (observation) => {
    const { plan } = observation;
    const all = members(observation);
    if (all.length === 0) {
      const remedy = plan.kas("instances", "create", "--role", "base", "--launch-template", "NAME");
      return [failed(`fleet ${plan.fleet} has no instances`, remedy)];
    }
    const bases = all.filter(({ role }) => role === "base");
    const [node] = all.filter(({ role }) => role === "node").toSorted((a, b) => rank(a) - rank(b));
    if (bases.length === 0) {
      const detail =
        `none of the fleet's ${all.length} instances is a base instance, so the autoscaler may stop all of them`;
      const tag = ["--resources", node?.id ?? "ID", "--tags", `Key=${TAG.role},Value=base`];
      return [failed(detail, plan.aws("ec2", "create-tags", ...tag))];
    }
    const stopped = bases.filter(({ state }) => state === "stopped" || state === "stopping").map(({ id }) =>
      id
    );
    if (stopped.length === 0) {
      return ok(`of ${all.length} instances, these are base instances: ${named(bases.map(({ id }) => id))}`);
    }
    return [
      failed(
        `base instances are stopped: ${named(stopped)}`,
        plan.kas("instances", "start", ...listed(stopped)),
      ),
    ];
  },
};

/**
 * Returns the rank of a node. Doctor proposes the node with the lowest rank as the base instance: a running node, if there is
 * one.
 */
function rank({ state }: Ec2Instance): number {
  return state === "running" ? 0 : 1;
}

export const bounds: Check = {
  name: "bounds",
  expects:
    "the minimum capacity is at most the maximum, and at most the number of instances, also in the windows of schedules",
  run: (observation) => {
    const all = members(observation);
    const status = statusOf(observation);
    const settings = { ...observation.plan, ...status?.settings };
    const schedules = status === undefined ? observation.plan.schedules : status.schedules;
    const alwaysOn = all.filter(({ role }) => role !== "node").length;
    const { min = alwaysOn, max = all.length, grow } = settings;
    const origin = (value: number | undefined, words: string) => value === undefined ? ` (${words})` : "";
    const detail = `min ${min}${origin(settings.min, "the base and control instances")} ` +
      `and max ${max}${origin(settings.max, "the whole fleet")}`;
    if (grow === undefined && min > all.length) {
      return [
        failed(
          `min is ${min}, but the fleet has ${all.length} instances`,
          ["kas", "autoscaler", "--min", `${alwaysOn}`],
        ),
      ];
    }
    if (min > max) {
      const remedy = ["kas", "autoscaler", "--max", `${Math.max(min, all.length)}`];
      return [failed(`${detail}: the autoscaler can neither start nor stop an instance`, remedy)];
    }
    if (grow !== undefined && all.length > max) {
      const excess =
        `with --grow, max ${max} limits the number of all instances, and the fleet already has ${all.length}`;
      return [warning(excess, ["kas", "autoscaler", "--max", `${all.length}`])];
    }
    const fleet = { min: settings.min, max, alwaysOn, size: all.length, grows: grow !== undefined };
    const findings = schedules === undefined ? [] : scheduleFindings(schedules, fleet, Date.now());
    return orOk(findings, detail);
  },
};

export const quarantine: Check = {
  name: "quarantine",
  expects: "no node is quarantined",
  run: (observation) => {
    const quarantined = members(observation).filter((instance) => isQuarantined(instance, Date.now()));
    if (quarantined.length === 0) return ok("no node is quarantined");
    const ids = quarantined.map(({ id }) => id);
    const [{ quarantine: reason, quarantineUntil } = {}] = quarantined;
    const end = quarantineUntil === undefined ? "" : ` until ${isoTime(quarantineUntil)}`;
    const detail = `kas does not start or stop ${named(ids)}${end}: ${reason}`;
    return [warning(detail, observation.plan.kas("instances", "release", ...listed(ids)))];
  },
};

export const autoScalingGroups: Check = {
  name: "auto-scaling-groups",
  expects: "no instance belongs to an Auto Scaling group, which would undo kas's changes",
  run: (observation) => {
    const groups = Map.groupBy(
      members(observation).filter(({ autoScalingGroup }) => autoScalingGroup !== undefined),
      ({ autoScalingGroup }) => autoScalingGroup,
    );
    const findings = Array.from(groups, ([group, instances]) => {
      const ids = instances.map(({ id }) => id);
      const remedy = observation.plan.aws(
        ...["autoscaling", "detach-instances", "--instance-ids", ...listed(ids)],
        // The name is in the same word as the flag, because a name may begin with a hyphen.
        ...[`--auto-scaling-group-name=${group}`, "--should-decrement-desired-capacity"],
      );
      return failed(
        `kas does not scale ${named(ids)}: Auto Scaling group ${group} owns these instances`,
        remedy,
      );
    });
    return orOk(findings, "no instance belongs to an Auto Scaling group");
  },
};

export const versions: Check = {
  name: "versions",
  expects: "the instances that run kas worker run the same version as the autoscaler",
  run: ({ services, autoscalers, plan }) => {
    const expected = autoscalerOf(autoscalers, plan.url, plan.fleet)?.identity?.version;
    if (expected === undefined) return skipped("no autoscaler reports its version");
    const workers = [...services].flatMap(([id, answer]) =>
      "version" in answer ? [[id, answer.version] as const] : []
    );
    if (workers.length === 0) return skipped("no kas worker answers this machine");
    const others = Map.groupBy(workers, ([, version]) => version);
    others.delete(expected);
    const findings = Array.from(others, ([version, found]) => {
      const ids = found.map(([id]) => id);
      const detail = `the autoscaler runs ${expected}, and ${named(ids)} runs ${version}`;
      return warning(detail, plan.kas("provision", ...listed(ids)));
    });
    return orOk(
      findings,
      `${workers.length} of ${services.size} instances run version ${expected} of the worker`,
    );
  },
};
