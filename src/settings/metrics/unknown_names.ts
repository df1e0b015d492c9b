/**
 * Checks that formulas use only metrics that exist.
 *
 * @module
 */
import { didYouMean } from "../../cli/nearest.ts";
import { compile, ExpressionError } from "../../scaling/policies/expression.ts";
import { BUILT_IN } from "../../scaling/policies/formula.ts";

/** A policy that may have formulas. */
interface Formulas {
  readonly type: string;
  readonly capacity?: string | undefined;
  readonly atLeast?: string | undefined;
  readonly atMost?: string | undefined;
}

/** A formula that uses an unknown name. */
export interface UnknownName {
  /** The place of the formula below `policies`. */
  readonly path: readonly [index: number, key: string];
  readonly problem: string;
}

/**
 * Returns the formulas that use unknown names.
 *
 * @param metrics the names of the metrics
 */
export function unknownNames(
  policies: readonly Formulas[] = [],
  metrics: readonly string[] = [],
): readonly UnknownName[] {
  const known = [...BUILT_IN, ...metrics];
  return policies.flatMap(({ capacity, atLeast, atMost }, index) =>
    Object.entries({ capacity, atLeast, atMost }).flatMap(([key, formula]) =>
      namesIn(formula).filter((name) => !known.includes(name)).map((name): UnknownName => ({
        path: [index, key],
        problem: `unknown metric ${name}${didYouMean(name, known)}`,
      }))
    )
  );
}

/** Returns the names in a formula. A text that is no formula has none: the schema of the policies reports it. */
function namesIn(formula: string | undefined): readonly string[] {
  try {
    return formula === undefined ? [] : compile(formula).names;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return [];
  }
}
