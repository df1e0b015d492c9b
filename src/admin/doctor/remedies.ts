/**
 * The commands of remedies that several checks use.
 *
 * @module
 */
import type { CommandLine } from "../../cli/command_line.ts";
import type { Observation, Plan } from "./observation.ts";

/** Returns the command `kas admin setup` for the fleet. */
export function setupCommand({ kas, pull }: Plan, ...words: CommandLine): CommandLine {
  return kas("setup", ...words, ...(pull ? ["--pull"] : []));
}

/** Returns the command that sets the load balancer's health check and draining. */
export function balancerCommand(plan: Plan): CommandLine {
  return plan.balancer.kind === "classic"
    ? plan.kas("balancers", "create", plan.balancer.name)
    : setupCommand(plan);
}

/** Returns the command `kas autoscaler` for the fleet. */
export function autoscalerCommand({ plan, topic }: Observation): CommandLine {
  const arn = "value" in topic ? topic.value?.arn : undefined;
  return [
    "kas",
    "autoscaler",
    "--fleet",
    plan.fleet,
    ...(plan.pull ? ["--pull"] : ["--topic-arn", arn ?? "ARN"]),
  ];
}
