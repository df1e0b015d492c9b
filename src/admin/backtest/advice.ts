/**
 * What a backtest recommends: the cheapest of kas's policies that kept the risk, and its configuration.
 *
 * @module
 */
import { commandText } from "../../cli/command_line.ts";
import { percent } from "../../cli/format.ts";
import type { Result } from "./rows.ts";
import type { Spec } from "./specs.ts";

/** The risk if no adaptive policy names one: the share of time in which the capacity may be short. */
const RISK = 0.015;

/** Returns the risk that the operator asked for: the risk of the first adaptive policy. */
export function riskOf(specs: readonly Spec[]): number {
  return specs.find((spec) => spec.kind === "adaptive")?.risk ?? RISK;
}

/** What a backtest recommends. */
export interface Advice {
  /** Which policy was the cheapest, in sentences. */
  readonly sentence: string;
  /** The configuration to paste, as JSON. Undefined without a policy to configure. */
  readonly configuration: string | undefined;
}

/** Returns the recommendation. */
export function adviceOf(results: readonly Result[], risk: number): Advice {
  const own = results.filter(({ candidate }) => candidate.isOwn);
  const kept = own.filter(({ underShare }) => underShare <= risk);
  const [best] = kept.length > 0
    ? kept.toSorted((a, b) => a.billed - b.billed || a.under - b.under)
    : own.toSorted((a, b) => a.under - b.under || a.billed - b.billed);
  if (best === undefined) {
    return {
      sentence: "No policy of kas was compared, so there is nothing to configure.",
      configuration: undefined,
    };
  }
  const { candidate: { name, configuration, thresholds } } = best;
  const asked = `at most ${share(risk)} of the time`;
  const figures = `it was short ${share(best.underShare)} of the time with ${
    share(best.overShare)
  } spare capacity`;
  const sentence = kept.length > 0
    ? `${name} was the cheapest policy that was short ${asked}: ${figures}.`
    : `No policy of kas was short ${asked}. ${name} was short the least: ${figures}.`;
  const setup = thresholds === undefined
    ? ""
    : ` It needs ${
      commandText(["kas", "admin", "setup", "--cpu", `${thresholds.cpulow}:${thresholds.cpuhigh}`])
    }.`;
  return {
    sentence: `${sentence}${setup}`,
    configuration: configuration && JSON.stringify(configuration),
  };
}

function share(part: number): string {
  return percent(100 * part);
}
