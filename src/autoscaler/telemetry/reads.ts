/**
 * What the policies of a fleet read.
 *
 * @module
 */
import { policyOf } from "../../scaling/model/load/policy.ts";
import { namesOf } from "../../scaling/policies/formula.ts";
import type { Tuning } from "../assembly_options.ts";

/** Returns the names of the metrics of instances that formulas use. */
export function scrapedNames({ metrics = {} }: Pick<Tuning, "metrics">): string[] {
  return Object.values(metrics).flatMap((spec) => spec.type === "scrape" ? [spec.name] : []);
}

/** Whether a policy of the fleet reads the load. A formula reads it only if it uses the CPU. */
export function readsLoad({ limits }: Pick<Tuning, "limits">): boolean {
  const formula = policyOf(limits, "formula");
  return policyOf(limits, "target") !== undefined || policyOf(limits, "adaptive") !== undefined ||
    (formula !== undefined && ["cpu", "cpu_busiest"].some((name) => namesOf(formula).has(name)));
}
