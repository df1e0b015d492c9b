/**
 * Doctor's check of the security groups: what has to come through.
 *
 * @module
 */
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Ingress } from "../../aws/ec2/security_groups.ts";
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import { AUTOSCALER_PORT } from "../instances/ping.ts";
import { type Check, failed, type Finding, named, orOk, skipped } from "./check.ts";
import { type Facts, known } from "./facts.ts";
import { members } from "./fleet_checks.ts";

export const ports: Check = {
  name: "ports",
  about:
    `security groups let the load balancer in on ${WORKER_PORT}, and SNS on ${AUTOSCALER_PORT} of a control instance`,
  run: (facts) => {
    const { plan } = facts;
    const all = members(facts).filter(({ securityGroups }) => securityGroups !== undefined);
    if (all.length === 0) return skipped("no instance tells its security groups");
    const [front] = known(facts.balancer)?.securityGroups ?? [];
    const sources = known(facts.balancer)?.securityGroups ?? [];
    // Whose address a network holds is not ours to know; every one will do.
    const source = front === undefined ? "--cidr 0.0.0.0/0" : `--source-group ${front}`;
    const findings = [
      ...closed(
        facts,
        all.filter(({ role }) => role !== "control"),
        WORKER_PORT,
        sources,
        "the load balancer",
        source,
      ),
      ...(plan.pull ? [] : closed(
        facts,
        all.filter(({ role }) => role === "control"),
        AUTOSCALER_PORT,
        [],
        "SNS",
        "--cidr 0.0.0.0/0",
      )),
    ];
    return orOk(findings, "they let in what has to come through");
  },
};

/** A finding for each set of groups that lets nobody in on a port. */
function closed(
  facts: Facts,
  instances: readonly Ec2Instance[],
  port: number,
  sources: readonly string[],
  who: string,
  source: string,
): Finding[] {
  const ingress = known(facts.ingress);
  const shut = instances.filter(({ securityGroups = [] }) =>
    !securityGroups.some((group) => (ingress.get(group) ?? []).some((rule) => lets(rule, port, sources)))
  );
  const byGroup = Map.groupBy(shut, ({ securityGroups = [] }) => securityGroups[0] ?? "");
  return Array.from(byGroup, ([group, found]) =>
    failed(
      `port ${port} of ${named(found.map(({ id }) => id))} is closed to ${who}`,
      facts.plan.aws(
        `ec2 authorize-security-group-ingress --group-id ${group} --protocol tcp --port ${port} ${source}`,
      ),
    ));
}

function lets(
  { protocol, from, to, networks, groups }: Ingress,
  port: number,
  sources: readonly string[],
): boolean {
  const matches = protocol === "-1" || (protocol === "tcp" && from <= port && port <= to);
  return matches && (networks.length > 0 || groups.some((group) => sources.includes(group)));
}
