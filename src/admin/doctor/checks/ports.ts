/**
 * Doctor's checks of the security groups.
 *
 * @module
 */
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import type { Ingress } from "../../../aws/ec2/security_groups.ts";
import { WORKER_PORT } from "../../../scaling/model/instance.ts";
import { AUTOSCALER_PORT } from "../../../provision/host/paths.ts";
import { type Check, failed, type Finding, named, ok, orOk, skipped } from "../check.ts";
import { members } from "./fleet.ts";
import { type Observation, required } from "../observation.ts";

const ANYWHERE = ["--cidr", "0.0.0.0/0"];

/** A source of requests, which the security groups of the instances must admit. */
interface Source {
  readonly name: string;
  readonly port: number;
  /**
   * Security groups of the source. Doctor does not know the addresses of the source. Therefore doctor assumes that a rule with a
   * network admits the source.
   */
  readonly groups: readonly string[];
}

export const ports: Check = {
  name: "ports",
  expects:
    `security groups admit the load balancer on port ${WORKER_PORT}, and SNS on port ${AUTOSCALER_PORT} of control instances`,
  run: (observation) => {
    const all = members(observation).filter(({ securityGroups }) => securityGroups !== undefined);
    if (all.length === 0) return skipped("EC2 lists no security groups for these instances");
    const groups = required(observation.balancer)?.securityGroups ?? [];
    const loadBalancer = { name: "the load balancer", port: WORKER_PORT, groups };
    const sns = { name: "SNS", port: AUTOSCALER_PORT, groups: [] };
    const workers = all.filter(({ role }) => role !== "control");
    const controls = all.filter(({ role }) => role === "control");
    const findings = [
      ...closedPorts(observation, workers, loadBalancer),
      ...(observation.plan.pull ? [] : closedPorts(observation, controls, sns)),
    ];
    return orOk(
      findings,
      observation.plan.pull
        ? "the security groups admit the load balancer"
        : "the security groups admit the load balancer and SNS",
    );
  },
};

export const reach: Check = {
  name: "reach",
  expects:
    `security groups admit the autoscaler on port ${WORKER_PORT}, so that it can check an instance before it registers it`,
  run: (observation) => {
    const all = members(observation).filter(({ securityGroups }) => securityGroups !== undefined);
    const controls = all.filter(({ role }) => role === "control");
    if (controls.length === 0) {
      return ok("the fleet has no control instance, so that doctor does not know where the autoscaler runs");
    }
    const workers = all.filter(({ role }) => role !== "control");
    const findings = controls.flatMap(({ id, securityGroups: groups = [] }) =>
      closedPorts(observation, workers, { name: `the autoscaler on ${id}`, port: WORKER_PORT, groups })
    );
    return orOk(findings, `the security groups admit ${named(controls.map(({ id }) => id))}`);
  },
};

/** Returns a finding for each security group that does not admit a source. */
function closedPorts(
  observation: Observation,
  instances: readonly Ec2Instance[],
  { name, port, groups }: Source,
): Finding[] {
  const ingress = required(observation.ingress);
  const closed = instances.filter(({ securityGroups = [] }) =>
    !securityGroups.some((group) => (ingress.get(group) ?? []).some((rule) => admits(rule, port, groups)))
  );
  const byGroup = Map.groupBy(closed, ({ securityGroups = [] }) => securityGroups[0] ?? "");
  const [group] = groups;
  const source = group === undefined ? ANYWHERE : ["--source-group", group];
  return Array.from(byGroup, ([group, found]) =>
    failed(
      `port ${port} of ${named(found.map(({ id }) => id))} is closed to ${name}`,
      observation.plan.aws(
        ...["ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp"],
        ...["--port", `${port}`, ...source],
      ),
    ));
}

function admits(rule: Ingress, port: number, sources: readonly string[]): boolean {
  const { protocol, from, to, networks, groups } = rule;
  const matches = protocol === "-1" || (protocol === "tcp" && from <= port && port <= to);
  return matches && (networks.length > 0 || groups.some((group) => sources.includes(group)));
}
