/**
 * Doctor's checks of the load balancer and of the instances registered with it.
 *
 * @module
 */
import { type Balancer, type BalancerRef, titleOf } from "../../../aws/balancing/balancer.ts";
import { DRAINING_LAG } from "../../../aws/balancing/draining.ts";
import type { CommandLine } from "../../../cli/command_line.ts";
import { seconds } from "../../../cli/format.ts";
import { CREATE_GROUP } from "../../setup/balancer/options.ts";
import { type Check, failed, type Finding, listed, named, ok, orOk, skipped, warning } from "../check.ts";
import { members, statusOf } from "./fleet.ts";
import { type Observation, required } from "../observation.ts";
import { balancerCommand, setupCommand } from "../remedies.ts";

const NONE = "the fleet has no load balancer";

/** Returns the findings of `check` for the load balancer. If there is no load balancer, returns that the check is skipped. */
export function withBalancer(
  observation: Observation,
  check: (balancer: Balancer) => readonly Finding[],
): readonly Finding[] {
  const { plan } = observation;
  if (plan.balancer.kind === "none") return skipped(NONE);
  const balancer = required(observation.balancer);
  return balancer === undefined ? skipped(`there is no ${titleOf(plan.balancer)}`) : check(balancer);
}

export const balancer: Check = {
  name: "balancer",
  expects: "the fleet's load balancer or target group exists, and the autoscaler uses it",
  run: (observation) => {
    const { plan } = observation;
    const found = required(observation.balancer);
    const title = titleOf(plan.balancer);
    if (found === undefined && plan.balancer.kind !== "none") {
      return [
        plan.balancer.kind === "classic"
          ? failed(
            `there is no ${title}, and neither --target-group nor KAS_TARGET_GROUP is set`,
            setupCommand(plan, "--balancer", "classic"),
          )
          : failed(`there is no ${title}`, CREATE_GROUP),
      ];
    }
    const autoscalers = statusOf(observation)?.settings;
    const ours = settingOf(plan.balancer);
    if (autoscalers === undefined || isSame(autoscalers, ours)) {
      if (found === undefined) return ok(NONE);
      return ok(found.dnsName ? `${title} at ${found.dnsName}` : `${title}, which has no address yet`);
    }
    const detail = `the autoscaler registers instances with ${
      autoscalers.targetGroup ?? autoscalers.loadBalancer ?? "no load balancer"
    }, not with ${title}`;
    return [failed(detail, ["kas", "autoscaler", ...balancerFlags(plan.balancer)])];
  },
};

/** Returns the settings that name a balancer, as `/status` reports them. */
function settingOf(balancer: BalancerRef): BalancerSettings {
  switch (balancer.kind) {
    case "classic":
      return { loadBalancer: balancer.name };
    case "target-groups":
      return { targetGroup: balancer.arns.join(",") };
    case "none":
      return {};
  }
}

/** Returns the flags that name a balancer. */
function balancerFlags(balancer: BalancerRef): CommandLine {
  switch (balancer.kind) {
    case "classic":
      return ["--load-balancer", balancer.name];
    case "target-groups":
      return balancer.arns.flatMap((arn) => ["--target-group", arn]);
    case "none":
      return ["--balancer", "none"];
  }
}

/** The settings that name a load balancer. */
interface BalancerSettings {
  readonly loadBalancer?: string | undefined;
  readonly targetGroup?: string | undefined;
}

function isSame(a: BalancerSettings, b: BalancerSettings): boolean {
  return a.loadBalancer === b.loadBalancer && a.targetGroup === b.targetGroup;
}

export const draining: Check = {
  name: "draining",
  expects:
    "when an instance is deregistered, the load balancer lets its requests in progress finish (R10); without a load balancer, the " +
    "autoscaler asks the service to finish its work (R23)",
  run: (observation) => {
    if (observation.plan.balancer.kind === "none") return serviceDraining(observation);
    return withBalancer(observation, ({ name }) => {
      const drainSeconds = required(observation.draining) ?? 0;
      if (drainSeconds > 0) return ok(`${name} drains for up to ${drainSeconds} s`);
      const detail =
        `draining is off: when an instance is deregistered, ${name} ends its requests in progress with an error`;
      return [failed(detail, balancerCommand(observation.plan))];
    });
  },
};

/** Returns the findings about the draining of services in a fleet without a load balancer. */
function serviceDraining(observation: Observation): readonly Finding[] {
  const settings = statusOf(observation)?.settings;
  if (settings === undefined) return skipped("no autoscaler reports its settings");
  const { drainRequest } = settings;
  if (drainRequest !== undefined) return ok(`the autoscaler asks services at ${drainRequest} to drain`);
  const detail = "the autoscaler stops instances without asking their services to finish their work";
  return [warning(detail, ["kas", "autoscaler", "--drain-request", "http:8080/drain"])];
}

export const drainTimeout: Check = {
  name: "drain-timeout",
  expects: "the autoscaler waits until draining has ended, which AWS reports a little late",
  run: (observation) => {
    const timeout = statusOf(observation)?.settings.drainTimeout;
    if (timeout === undefined) return skipped("no autoscaler reports its settings");
    return withBalancer(observation, ({ name }) => {
      const drainSeconds = required(observation.draining) ?? 0;
      // The load balancer reports the end of draining a little late.
      const needed = drainSeconds + DRAINING_LAG;
      const detail = `${name} drains for up to ${drainSeconds} s, and the autoscaler waits ${
        seconds(timeout)
      }`;
      return timeout >= needed * 1_000 ? ok(detail) : [
        failed(
          `${detail} and then leaves the instance running`,
          ["kas", "autoscaler", "--drain-timeout", `${needed}s`],
        ),
      ];
    });
  },
};

/** Returns the ids of instances for which the autoscaler has an activity in progress. */
export function busyInstances(observation: Observation): ReadonlySet<string> {
  return new Set(statusOf(observation)?.activities.map(({ instance }) => instance));
}

export const registered: Check = {
  name: "registered",
  expects:
    "every running instance is registered with the load balancer, and no stopped instance is registered",
  run: (observation) =>
    withBalancer(observation, ({ name }) => {
      const all = members(observation);
      const registrations = new Set(required(observation.health).map(({ id }) => id));
      const busy = busyInstances(observation);
      const idle = all.filter(({ id }) => !busy.has(id));
      // The check "base" reports a stopped base instance.
      const stopped = idle.filter(({ id, role, state }) =>
        state === "stopped" && role !== "base" && registrations.has(id)
      ).map(({ id }) => id);
      const running = idle.filter(({ id, role, state, detached }) =>
        state === "running" && role !== "control" && !detached && !registrations.has(id)
      ).map(({ id }) => id);
      const detached = idle.filter((instance) => instance.detached).map(({ id }) => id);
      const findings: Finding[] = [];
      if (stopped.length > 0) {
        const remedy = observation.plan.kas("balancers", "deregister", name, ...listed(stopped));
        findings.push(failed(`registered with ${name} but stopped: ${named(stopped)}`, remedy));
      }
      if (running.length > 0) {
        const detail = `running but not registered with ${name}: ${named(running)}`;
        const remedy = observation.plan.kas("instances", "adopt", ...listed(running));
        findings.push(
          statusOf(observation) === undefined
            ? warning(`${detail}, unless an activity is in progress`, remedy)
            : failed(`${detail}, and no activity is in progress`, remedy),
        );
      }
      if (detached.length > 0) {
        const remedy = observation.plan.kas("instances", "attach", ...listed(detached));
        findings.push(warning(`detached for maintenance: ${named(detached)}`, remedy));
      }
      return orOk(findings, `${registrations.size} of ${all.length} instances are registered with ${name}`);
    }),
};
