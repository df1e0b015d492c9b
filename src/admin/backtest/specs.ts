/**
 * The policies that a backtest compares, as the option `--policy` names them.
 *
 * @module
 */
import type { Thresholds } from "../../scaling/simulate/alarms.ts";
import { SCALE_IN } from "../../scaling/simulate/peers/auto_scaling.ts";

/** A policy to compare. */
export type Spec =
  & {
    /** The policy as the operator wrote it. */
    readonly name: string;
  }
  & (
    | { readonly kind: "alarms"; readonly thresholds: Thresholds | undefined }
    | { readonly kind: "target"; readonly target: number }
    | { readonly kind: "adaptive"; readonly risk: number }
    | { readonly kind: "ec2-target"; readonly target: number; readonly scaleIn: number }
    | { readonly kind: "config" | "ec2-step" | "oracle" }
  );

/** The forms of a policy, for help and for shell completion. */
export const FORMS = [
  "alarms",
  "alarms:42:80",
  "target:60",
  "adaptive:1.5%",
  "config",
  "ec2-step",
  "ec2-target:50",
  "ec2-target:50:90",
  "oracle",
] as const;

/** The policies that kas compares by default. */
export const DEFAULT_SPECS = ["alarms", "target:60", "adaptive:1.5%", "ec2-step", "ec2-target:60", "oracle"];

const EXPECTED = `expected ${FORMS.slice(0, -1).join(", ")} or ${FORMS.at(-1)}`;

/**
 * Parses a policy.
 *
 * @throws {TypeError} if the text is not a policy
 */
export function parseSpec(name: string): Spec {
  const [kind, ...numbers] = name.split(":");
  switch (kind) {
    case "alarms": {
      if (numbers.length === 0) return { name, kind, thresholds: undefined };
      const [cpulow, cpuhigh] = percents(numbers, 2);
      if (cpulow >= cpuhigh) throw new TypeError("expected the lower threshold first, such as alarms:42:80");
      return { name, kind, thresholds: { cpulow, cpuhigh } };
    }
    case "target":
      return { name, kind, target: percents(numbers, 1)[0] };
    case "adaptive": {
      const [risk = "", ...others] = numbers;
      if (others.length > 0 || !risk.endsWith("%")) {
        throw new TypeError("expected a risk in percent, such as adaptive:1.5%");
      }
      return { name, kind, risk: percents([risk.slice(0, -1)], 1)[0] / 100 };
    }
    case "ec2-target": {
      const [target, scaleIn] = percents(numbers.length === 1 ? [...numbers, `${SCALE_IN}`] : numbers, 2);
      return { name, kind, target, scaleIn };
    }
    case "config":
    case "ec2-step":
    case "oracle":
      if (numbers.length > 0) throw new TypeError(EXPECTED);
      return { name, kind };
    default:
      throw new TypeError(EXPECTED);
  }
}

/** Parses a number of percents, each above 0 and at most 100. */
function percents(texts: readonly string[], count: 1): [number];
function percents(texts: readonly string[], count: 2): [number, number];
function percents(texts: readonly string[], count: number): number[] {
  const numbers = texts.map((text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN));
  if (numbers.length !== count || !numbers.every((number) => number > 0 && number <= 100)) {
    throw new TypeError(EXPECTED);
  }
  return numbers;
}
