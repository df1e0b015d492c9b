/**
 * Doctor's check of EC2's status checks, and of the retirements that EC2 has scheduled.
 *
 * @module
 */
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { commandText } from "../../../cli/command_line.ts";
import { counted } from "../../../cli/format.ts";
import { type Check, failed, type Finding, listed, named, orOk, warning } from "../check.ts";
import { type Plan, required } from "../observation.ts";
import { members } from "./fleet.ts";

export const statusChecks: Check = {
  name: "status-checks",
  expects: "running instances pass EC2's status checks, and EC2 has not scheduled their retirement or stop",
  run: (observation) => {
    const failures = required(observation.statuses);
    const all = members(observation);
    const groups = Map.groupBy(
      all.filter(({ id }) => failures.has(id)),
      (instance) => [failures.get(instance.id), verbFor(instance), isReplaced(instance)].join(),
    );
    const findings = Array.from(groups.values(), (group) => findingOf(observation.plan, group, failures));
    return orOk(findings, `EC2 reports no failure of the ${counted(all.length, "instance")}`);
  },
};

/** Whether the autoscaler replaces an impaired instance. It never stops the other instances. */
function isReplaced({ role, protected: isProtected }: Ec2Instance): boolean {
  return role === "node" && isProtected !== true;
}

/** Returns the command that ends an instance. EC2 cannot stop an instance whose root device is an instance store. */
function verbFor({ instanceStore }: Ec2Instance): "stop" | "terminate" {
  return instanceStore === true ? "terminate" : "stop";
}

/** Returns the finding for instances with the same failure and the same remedy. */
function findingOf(
  { kas }: Plan,
  group: readonly Ec2Instance[],
  failures: ReadonlyMap<string, string>,
): Finding {
  const ids = group.map(({ id }) => id);
  const [first = { id: "" } as Ec2Instance] = group;
  const verb = verbFor(first);
  const reason = `${failures.get(first.id)}: ${named(ids)}. ` +
    (verb === "stop"
      ? "A stop and a start move an instance to another host"
      : "Replace it by another instance");
  const command = kas("instances", verb, ...listed(ids));
  if (isReplaced(first)) return warning(`${reason}. A running autoscaler replaces nodes`, command);
  const forced = [...command, "--force"];
  const start = verb === "stop" ? `, then ${commandText(kas("instances", "start", ...listed(ids)))}` : "";
  return failed(`${reason}. The autoscaler never stops these instances`, `${commandText(forced)}${start}`);
}
