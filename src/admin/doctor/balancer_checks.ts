/**
 * Doctor's checks of the load balancer and of who is registered with it.
 *
 * @module
 */
import { type Balancer, titleOf } from "../../aws/balancing/balancer.ts";
import { HEALTH_CHECK_TARGET } from "../../aws/balancing/classic_balancer.ts";
import { DRAINING_LAG } from "../../aws/balancing/target_group_settings.ts";
import { type Check, failed, type Finding, listed, named, ok, orOk, skipped, warning } from "./check.ts";
import { type Facts, known } from "./facts.ts";
import { members, statusOf } from "./fleet_checks.ts";
import { refit, setup } from "./mending.ts";

/** Does a check on the balancer, or tells that there is none to check. */
function withBalancer(facts: Facts, check: (balancer: Balancer) => readonly Finding[]): readonly Finding[] {
  const balancer = known(facts.balancer);
  return balancer === undefined ? skipped(`there is no ${titleOf(facts.plan.balancer)}`) : check(balancer);
}

export const balancer: Check = {
  name: "balancer",
  about: "the fleet's load balancer or target group is there, and the autoscaler's is the same",
  run: (facts) => {
    const { plan } = facts;
    const found = known(facts.balancer);
    const title = titleOf(plan.balancer);
    if (found === undefined) return [failed(`there is no ${title}`, setup(plan))];
    const theirs = statusOf(facts)?.settings;
    const ours = plan.balancer.kind === "classic"
      ? { loadBalancer: plan.balancer.name }
      : { targetGroup: plan.balancer.arn };
    if (theirs === undefined || isSame(theirs, ours)) {
      return ok(`${title}, at ${found.dnsName || "no address yet"}`);
    }
    const detail = `the autoscaler registers with ${
      theirs.targetGroup ?? theirs.loadBalancer
    }, not with ${title}`;
    const flag = plan.balancer.kind === "classic"
      ? `--load-balancer ${plan.balancer.name}`
      : `--target-group ${plan.balancer.arn}`;
    return [failed(detail, `kas autoscaler ${flag}`)];
  },
};

/** The setting that names a balancer. */
interface Named {
  readonly loadBalancer?: string | undefined;
  readonly targetGroup?: string | undefined;
}

function isSame(a: Named, b: Named): boolean {
  return a.loadBalancer === b.loadBalancer && a.targetGroup === b.targetGroup;
}

export const healthCheck: Check = {
  name: "health-check",
  about: `the load balancer asks ${HEALTH_CHECK_TARGET}`,
  run: (facts) =>
    withBalancer(facts, ({ name, healthCheck }) => {
      if (healthCheck === HEALTH_CHECK_TARGET) return ok(`${name} asks ${healthCheck}`);
      const detail =
        `${name} asks ${healthCheck} whether an instance is healthy, where workers answer ${HEALTH_CHECK_TARGET}`;
      return [failed(detail, refit(facts.plan))];
    }),
};

export const draining: Check = {
  name: "draining",
  about: "the load balancer lets requests under way end at an instance that is deregistered (R10)",
  run: (facts) =>
    withBalancer(facts, ({ name }) => {
      const seconds = known(facts.draining) ?? 0;
      if (seconds > 0) return ok(`${name} lets requests end for ${seconds} s`);
      const detail = `${name} cuts requests off when an instance is taken out: draining is off`;
      return [failed(detail, refit(facts.plan))];
    }),
};

export const drainTimeout: Check = {
  name: "drain-timeout",
  about: "the autoscaler waits for as long as the load balancer drains",
  run: (facts) => {
    const timeout = statusOf(facts)?.settings.drainTimeout;
    if (timeout === undefined) return skipped("no autoscaler tells its settings");
    return withBalancer(facts, ({ name }) => {
      const seconds = known(facts.draining) ?? 0;
      // A target drains for all of it, and the end shows a little later.
      const needed = facts.plan.balancer.kind === "classic" ? seconds : seconds + DRAINING_LAG;
      const words = `${name} lets requests end for ${seconds} s, the autoscaler waits ${timeout / 1_000} s`;
      return timeout >= needed * 1_000 ? ok(words) : [
        failed(
          `${words} and then leaves the instance running`,
          `kas autoscaler --drain-timeout ${needed}s`,
        ),
      ];
    });
  },
};

export const registered: Check = {
  name: "registered",
  about: "whoever runs is registered with the load balancer, and nobody who is stopped",
  run: (facts) =>
    withBalancer(facts, ({ name }) => {
      const all = members(facts);
      const registrations = new Map(known(facts.health).map(({ id, registration }) => [id, registration]));
      const status = statusOf(facts);
      const busy = new Set(status?.activities.map(({ instance }) => instance));
      const idle = all.filter(({ id }) => !busy.has(id));
      // A base that is stopped has to be started, which another check says.
      const stopped = idle.filter(({ id, role, state }) =>
        state === "stopped" && role !== "base" && registrations.has(id)
      ).map(({ id }) => id);
      const running = idle.filter(({ id, role, state }) =>
        state === "running" && role !== "control" && !registrations.has(id)
      ).map(({ id }) => id);
      const findings: Finding[] = [];
      if (stopped.length > 0) {
        const mend = facts.plan.kas(`balancers deregister ${name} ${listed(stopped)}`);
        findings.push(failed(`registered with ${name}, but stopped: ${named(stopped)}`, mend));
      }
      if (running.length > 0) {
        const detail = `running, but not registered with ${name}: ${named(running)}`;
        const mend = facts.plan.kas(`balancers register ${name} ${listed(running)}`);
        findings.push(
          status === undefined
            ? warning(`${detail}, unless the autoscaler is at it`, mend)
            : failed(`${detail}, and nothing is under way`, mend),
        );
      }
      return orOk(findings, `${registrations.size} of ${all.length} instances are registered with ${name}`);
    }),
};

export const health: Check = {
  name: "health",
  about: "the registered instances that run are in service",
  run: (facts) =>
    withBalancer(facts, ({ name }) => {
      const running = new Set(members(facts).filter(({ state }) => state === "running").map(({ id }) => id));
      const busy = new Set(statusOf(facts)?.activities.map(({ instance }) => instance));
      const ours = known(facts.health).filter(({ id }) => running.has(id));
      const ill = ours.filter(({ id, registration }) => registration === "out-of-service" && !busy.has(id));
      const reasons = Map.groupBy(ill, ({ description }) => description);
      const findings = Array.from(reasons, ([reason, found]) => {
        const ids = found.map(({ id }) => id);
        return failed(
          `out of service at ${name}: ${named(ids)}: ${reason}`,
          facts.plan.kas(`ping ${listed(ids)}`),
        );
      });
      return orOk(findings, `${ours.length} in service`);
    }),
};
