/**
 * Doctor's checks of the security groups.
 *
 * @module
 */
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import type { Ingress } from "../../../aws/ec2/security_groups.ts";
import type { HealthCheckSpec } from "../../../health/spec.ts";
import { AUTOSCALER_PORT } from "../../../provision/host/paths.ts";
import { type Check, failed, type Finding, named, ok, orOk, skipped } from "../check.ts";
import { members } from "./fleet.ts";
import { type Observation, required } from "../observation.ts";
import { setupCommand } from "../remedies.ts";

const ANYWHERE = ["--cidr", "0.0.0.0/0"];

export const ports: Check = {
  name: "ports",
  expects:
    `security groups admit the load balancer on the ports of the service, and SNS on port ${AUTOSCALER_PORT} of control instances`,
  run: (observation) => {
    const all = members(observation).filter(({ securityGroups }) => securityGroups !== undefined);
    if (all.length === 0) return skipped("EC2 lists no security groups for these instances");
    const balancer = required(observation.balancer);
    const groups = balancer?.securityGroups ?? [];
    const checksOf = required(observation.checks);
    const controls = all.filter(({ role }) => role === "control");
    const findings = [
      ...closedPorts(observation, servers(all), "the load balancer", groups, (id) => [
        ...balancer?.ports ?? [],
        ...portsOf(checksOf(id)),
      ]),
      ...(observation.plan.pull
        ? []
        : closedPorts(observation, controls, "SNS", [], () => [AUTOSCALER_PORT])),
    ];
    const admitted = [
      ...(observation.plan.balancer.kind === "none" ? [] : ["the load balancer"]),
      ...(observation.plan.pull ? [] : ["SNS"]),
    ];
    return orOk(findings, `the security groups admit ${admitted.join(" and ") || "all that they must"}`);
  },
};

export const reach: Check = {
  name: "reach",
  expects:
    "security groups admit the autoscaler on the port of the health check, so that it can check an instance before it registers it",
  run: (observation) => {
    const all = members(observation).filter(({ securityGroups }) => securityGroups !== undefined);
    const controls = all.filter(({ role }) => role === "control");
    if (controls.length === 0) {
      return ok("the fleet has no control instance, so that doctor does not know where the autoscaler runs");
    }
    const { healthCheck } = observation.plan;
    const checksOf = healthCheck === undefined ? required(observation.checks) : () => [healthCheck];
    const findings = controls.flatMap(({ id, securityGroups = [] }) =>
      closedPorts(
        observation,
        servers(all),
        `the autoscaler on ${id}`,
        securityGroups,
        (id) => portsOf(checksOf(id)),
      )
    );
    return orOk(findings, `the security groups admit ${named(controls.map(({ id }) => id))}`);
  },
};

/** The instances that run the service. */
function servers(all: readonly Ec2Instance[]): readonly Ec2Instance[] {
  return all.filter(({ role }) => role !== "control");
}

function portsOf(checks: readonly HealthCheckSpec[]): number[] {
  return checks.flatMap((check) => check.protocol === "none" ? [] : [check.port]);
}

/**
 * Returns a finding for each security group and port that does not admit a source.
 *
 * @param source the source of the requests, for messages
 * @param groups the security groups of the source. Doctor does not know its addresses. Therefore doctor assumes that a rule with a
 *   network admits it
 * @param portsOf returns the ports of an instance that must be open
 */
function closedPorts(
  observation: Observation,
  instances: readonly Ec2Instance[],
  source: string,
  groups: readonly string[],
  portsOf: (id: string) => readonly number[],
): Finding[] {
  const ingress = required(observation.ingress);
  const closed = instances.flatMap(({ id, securityGroups = [] }) =>
    [...new Set(portsOf(id))]
      .filter((port) =>
        !securityGroups.some((group) => (ingress.get(group) ?? []).some((rule) => admits(rule, port, groups)))
      )
      .map((port) => ({ id, port, group: securityGroups[0] ?? "" }))
  );
  const [sourceGroup] = groups;
  // setup also deletes the rules that it makes.
  const isMade = groups.some((group) => required(observation.madeGroups).has(group));
  const from = sourceGroup === undefined ? ANYWHERE : ["--source-group", sourceGroup];
  return Array.from(Map.groupBy(closed, ({ port, group }) => `${port} ${group}`).values(), (found) => {
    const [{ port, group }] = found as [typeof found[number]];
    return failed(
      `port ${port} of ${named(found.map(({ id }) => id))} is closed to ${source}`,
      isMade ? setupCommand(observation.plan) : observation.plan.aws(
        ...["ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp"],
        ...["--port", `${port}`, ...from],
      ),
    );
  });
}

function admits(rule: Ingress, port: number, sources: readonly string[]): boolean {
  const { protocol, from, to, networks, groups } = rule;
  const matches = protocol === "-1" || (protocol === "tcp" && from <= port && port <= to);
  return matches && (networks.length > 0 || groups.some((group) => sources.includes(group)));
}
