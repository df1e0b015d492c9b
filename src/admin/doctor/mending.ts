/**
 * Commands that mend what several checks find.
 *
 * @module
 */
import type { Facts, Plan } from "./facts.ts";

/** setup as it makes things for this fleet. */
export function setup({ kas, pull }: Plan, ...words: readonly string[]): string {
  return kas(["setup", ...words, ...(pull ? ["--pull"] : [])].join(" "));
}

/** Gives the balancer the settings that it needs. */
export function refit(plan: Plan): string {
  return plan.balancer.kind === "classic" ? plan.kas(`balancers create ${plan.balancer.name}`) : setup(plan);
}

/** How the autoscaler is started for this fleet. */
export function start({ plan, topic }: Facts): string {
  const arn = "value" in topic ? topic.value?.arn : undefined;
  return `kas autoscaler --fleet ${plan.fleet} ${plan.pull ? "--pull" : `--topic-arn ${arn ?? "ARN"}`}`;
}
