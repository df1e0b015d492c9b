/**
 * Doctor's checks of the fleet itself: who is in it, and what scaling may do with them.
 *
 * @module
 */
import { TAG } from "../../aws/ec2/ec2_instance.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { exists } from "../../scaling/model/instance.ts";
import { autoscalerOf, type Status } from "./autoscalers.ts";
import { type Check, failed, listed, named, ok, orOk, skipped, warning } from "./check.ts";
import { type Facts, known } from "./facts.ts";

/** The fleet's instances that are not on their way to being terminated. */
export function members({ instances }: Facts): readonly Ec2Instance[] {
  return known(instances).filter(exists);
}

/** What the fleet's autoscaler tells of itself, undefined if that is closed. */
export function statusOf({ autoscalers, plan }: Facts): Status | undefined {
  return autoscalerOf(autoscalers, plan.url, plan.fleet)?.status;
}

export const base: Check = {
  name: "base",
  about: "the fleet has a base instance, and it runs",
  run: (facts) => {
    const { plan } = facts;
    const all = members(facts);
    if (all.length === 0) {
      const mend = plan.kas("instances create --role base --launch-template NAME");
      return [failed(`fleet ${plan.fleet} has no instances`, mend)];
    }
    const bases = all.filter(({ role }) => role === "base");
    const [node] = all.filter(({ role }) => role === "node").toSorted((a, b) => rank(a) - rank(b));
    if (bases.length === 0) {
      const detail =
        `none of the fleet's ${all.length} instances is a base, so that all of them may be stopped`;
      const tag = `ec2 create-tags --resources ${node?.id ?? "ID"} --tags Key=${TAG.role},Value=base`;
      return [failed(detail, plan.aws(tag))];
    }
    const off = bases.filter(({ state }) => state === "stopped" || state === "stopping").map(({ id }) => id);
    if (off.length === 0) return ok(`${named(bases.map(({ id }) => id))} of ${all.length} instances`);
    return [failed(`the base does not run: ${named(off)}`, plan.kas(`instances start ${listed(off)}`))];
  },
};

/** Who is made a base first: one that runs. */
function rank({ state }: Ec2Instance): number {
  return state === "running" ? 0 : 1;
}

export const bounds: Check = {
  name: "bounds",
  about: "the minimum is not above the maximum, nor above what there is",
  run: (facts) => {
    const all = members(facts);
    const { min: least, max: most, grow } = { ...facts.plan, ...statusOf(facts)?.settings };
    const always = all.filter(({ role }) => role !== "node").length;
    const min = least ?? always;
    const max = most ?? all.length;
    const words = `min ${min}${
      least === undefined ? " (the base and control instances)" : ""
    } and max ${max}${most === undefined ? " (the whole fleet)" : ""}`;
    if (grow === undefined && min > all.length) {
      return [
        failed(`min ${min} can't be kept with ${all.length} instances`, `kas autoscaler --min ${always}`),
      ];
    }
    if (min > max) {
      const mend = `kas autoscaler --max ${Math.max(min, all.length)}`;
      return [failed(`${words}: nothing can be started or stopped`, mend)];
    }
    if (grow !== undefined && all.length > max) {
      const detail =
        `max ${max} counts every instance where nodes are launched from ${grow}, and there are ${all.length}`;
      return [warning(detail, `kas autoscaler --max ${all.length}`)];
    }
    return ok(words);
  },
};

export const quarantine: Check = {
  name: "quarantine",
  about: "no node is in quarantine (R7)",
  run: (facts) => {
    const held = members(facts).filter(({ quarantine }) => quarantine !== undefined);
    if (held.length === 0) return ok("no node is in quarantine");
    const ids = held.map(({ id }) => id);
    const [why] = held.map(({ quarantine }) => quarantine);
    const detail = `scaling leaves out ${named(ids)}: ${why}`;
    return [warning(detail, facts.plan.kas(`instances release ${listed(ids)}`))];
  },
};

export const autoScalingGroups: Check = {
  name: "auto-scaling-groups",
  about: "no instance belongs to an Auto Scaling group, which would scale against kas",
  run: (facts) => {
    const groups = Map.groupBy(
      members(facts).filter(({ autoScalingGroup }) => autoScalingGroup !== undefined),
      ({ autoScalingGroup }) => autoScalingGroup,
    );
    const findings = Array.from(groups, ([group, instances]) => {
      const ids = instances.map(({ id }) => id);
      const mend = facts.plan.aws(
        `autoscaling detach-instances --instance-ids ${listed(ids)} --auto-scaling-group-name ${group} ` +
          "--should-decrement-desired-capacity",
      );
      return failed(`kas leaves ${named(ids)} alone: the Auto Scaling group ${group} owns them`, mend);
    });
    return orOk(findings, "no instance belongs to one");
  },
};

export const versions: Check = {
  name: "versions",
  about: "the workers are of the autoscaler's version",
  run: ({ workers, autoscalers, plan }) => {
    const wanted = autoscalerOf(autoscalers, plan.url, plan.fleet)?.identity?.version;
    if (wanted === undefined) return skipped("no autoscaler tells its version");
    const answers = [...workers].filter(([, answer]) => !("noAnswer" in answer));
    if (answers.length === 0) {
      return skipped("no worker answers from here: security groups may let only the load balancer in");
    }
    const others = Map.groupBy(answers, ([, answer]) => "version" in answer ? answer.version : undefined);
    others.delete(wanted);
    const findings = Array.from(others, ([version, found]) => {
      const ids = found.map(([id]) => id);
      const detail = `the autoscaler is ${wanted}, and ${named(ids)} ${
        version ?? "of a version that tells none"
      }`;
      return warning(detail, plan.kas(`provision ${listed(ids)}`));
    });
    return orOk(
      findings,
      `${answers.length} of ${workers.size} that run tell ${wanted}, as the autoscaler does`,
    );
  },
};
