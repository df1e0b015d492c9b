/**
 * Doctor's checks of the settings of the instances: monitoring, protection, network and public address.
 *
 * @module
 */
import { commandText } from "../../../cli/command_line.ts";
import { counted } from "../../../cli/format.ts";
import { type Check, failed, type Finding, listed, named, ok, orOk, skipped, warning } from "../check.ts";
import { members } from "./fleet.ts";
import { required } from "../observation.ts";
import { setupCommand } from "../remedies.ts";

/**
 * Interval at which EC2 publishes metrics with basic monitoring, in seconds. Source: EC2 User Guide, "Monitor your instances using
 * CloudWatch".
 */
const BASIC_PERIOD = 300;

export const monitoring: Check = {
  name: "monitoring",
  expects: "EC2 publishes the metrics of each instance at least once per period of its alarms",
  run: (observation) => {
    const impatient = new Set(
      required(observation.alarms).filter(({ kind, period }) => kind !== "reqcount" && period < BASIC_PERIOD)
        .map(({ dimension }) => dimension),
    );
    const all = members(observation);
    const basic = all.filter(({ id, monitoring }) => monitoring === "basic" && impatient.has(id))
      .map(({ id }) => id);
    if (basic.length === 0) {
      return ok(`${counted(all.length, "instance")} with metrics in every period of the alarms`);
    }
    const detail =
      `with basic monitoring, EC2 publishes metrics every ${BASIC_PERIOD} s. The period of the alarms is shorter, so that they ` +
      `have no data most of the time: ${named(basic)}`;
    return [failed(detail, setupCommand(observation.plan))];
  },
};

export const protection: Check = {
  name: "protection",
  expects: "no node is protected from being stopped, or with --shrink terminate from being terminated",
  run: (observation) => {
    const { plan, protection } = observation;
    const nodes = members(observation).filter(({ role }) => role === "node");
    if (nodes.length === 0) return skipped("the fleet has no node");
    const { shrink } = plan;
    const tagged = nodes.filter((node) => node.protected).map(({ id }) => id);
    const { asked, protected: held } = required(protection);
    const findings: Finding[] = held.map((id) => {
      const option = shrink === "stop" ? "--no-disable-api-stop" : "--no-disable-api-termination";
      return failed(
        `EC2 refuses to ${shrink} ${id}: it has ${shrink} protection`,
        plan.aws("ec2", "modify-instance-attribute", "--instance-id", id, option),
      );
    });
    if (shrink === "stop") {
      const ids = (matches: (node: typeof nodes[number]) => boolean) =>
        nodes.filter(matches).map(({ id }) => id);
      const rooted = ids(({ instanceStore }) => instanceStore === true);
      if (rooted.length > 0) {
        findings.push(failed(
          `EC2 cannot stop instances with an instance store as the root device: ${named(rooted)}`,
          plan.kas("instances", "terminate", ...listed(rooted)),
        ));
      }
      const spot = ids(({ spot }) => spot === true);
      if (spot.length > 0) {
        findings.push(warning(
          `the autoscaler does not stop Spot instances, as EC2 stops only those of a persistent request: ${
            named(spot)
          }`,
          plan.aws(
            "ec2",
            "describe-spot-instance-requests",
            "--filters",
            `Name=instance-id,Values=${listed(spot)}`,
          ),
        ));
      }
    }
    if (tagged.length === nodes.length) {
      findings.push(warning(
        `every node is protected, so the autoscaler cannot scale in: ${named(tagged)}`,
        plan.kas("instances", "unprotect", ...listed(tagged)),
      ));
    }
    return orOk(findings, `EC2 protects no node of the ${counted(asked.length, "node")} that doctor checked`);
  },
};

export const network: Check = {
  name: "network",
  expects: "all instances are in one VPC",
  run: (observation) => {
    const byVpc = Map.groupBy(members(observation).filter(({ vpc }) => vpc !== undefined), ({ vpc }) => vpc);
    const vpcs = [...byVpc].toSorted(([, a], [, b]) => b.length - a.length);
    const [[main] = [undefined], ...others] = vpcs;
    if (main === undefined) return skipped("EC2 lists no VPC for these instances");
    const strays = others.flatMap(([, found]) => found.map(({ id }) => id));
    if (strays.length === 0) return ok(`every instance is in ${main}`);
    const detail =
      `a load balancer is in one VPC, and this fleet is in ${vpcs.map(([vpc]) => vpc).join(", ")}: ` +
      `${named(strays)} not in ${main}`;
    return [
      failed(
        detail,
        "give these instances the kas:fleet tag of a different fleet, or replace them with instances in the VPC",
      ),
    ];
  },
};

export const address: Check = {
  name: "address",
  expects:
    "the public address of a control instance is an Elastic IP address, which the instance keeps when it stops",
  run: (observation) => {
    const { plan } = observation;
    if (plan.pull) return skipped("with --pull SNS sends no messages to the autoscaler");
    const all = members(observation).filter(({ role, publicIp }) =>
      role === "control" && publicIp !== undefined
    );
    if (all.length === 0) return ok("no control instance has a public address");
    const controls = all.filter(({ elasticIp }) => elasticIp !== undefined);
    if (controls.length === 0) return skipped("EC2 does not report who owns the public addresses");
    const lasting = controls.filter(({ elasticIp }) => elasticIp).map(({ publicIp }) => publicIp);
    const findings = controls.filter(({ elasticIp }) => !elasticIp).map(({ id, publicIp }) =>
      warning(
        `${id} loses the address ${publicIp} when it stops, and SNS then cannot reach the autoscaler at the subscribed URL`,
        `${commandText(plan.aws("ec2", "allocate-address"))}, then ${
          commandText(
            plan.aws("ec2", "associate-address", "--instance-id", id, "--allocation-id", "ID"),
          )
        }, then subscribe the new address`,
      )
    );
    return orOk(findings, `Elastic IP addresses: ${lasting.join(", ")}`);
  },
};
