/**
 * The expressions of the formula policy. They are written in CEL, the Common Expression Language, and calculate with numbers only.
 *
 * An expression has no loops, lists, texts or regular expressions. kas evaluates each part of it at most once, so its time has a limit:
 * {@linkcode LONGEST} characters take a few ms to compile, and less than 1 ms to evaluate.
 *
 * @module
 */
// CEL by @marcbachmann/cel-js: 86 kB in the bundle and no dependencies. @bufbuild/cel has 296 kB, needs protobuf, and loads in 4 times the time.
import { type ASTNode, Environment, ParseError, TypeError as CelTypeError } from "@marcbachmann/cel-js";

/** The largest number of characters of an expression. */
export const LONGEST = 500;

/** The largest number of arguments of `min` and `max`. */
const MOST_ARGUMENTS = 5;

/** The functions that an expression can call, all of doubles. CEL itself has none of them. */
const FUNCTIONS: Readonly<Record<string, { readonly arities: readonly number[]; readonly of: Calculation }>> =
  {
    ceil: { arities: [1], of: Math.ceil },
    floor: { arities: [1], of: Math.floor },
    round: { arities: [1], of: Math.round },
    abs: { arities: [1], of: Math.abs },
    min: { arities: severalArguments(), of: Math.min },
    max: { arities: severalArguments(), of: Math.max },
  };

type Calculation = (...values: number[]) => number;

const OPERATORS: ReadonlySet<string> = new Set(
  ["+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "||", "&&", "?:", "!_", "-_"],
);

const EXPECTED = "expected numbers, metrics, + - * /, comparisons, a ? b : c, and the functions " +
  Object.keys(FUNCTIONS).join(", ");

/** Error: a text is not an expression that kas can evaluate. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

/** An expression that has no error. */
export interface Expression {
  /** The names of the values that the expression uses, in the order of their first use. */
  readonly names: readonly string[];
  /**
   * Evaluates the expression. The result may be NaN or infinite, for example after a division by zero.
   *
   * @param values the value of each name in `names`
   */
  readonly evaluate: (values: Readonly<Record<string, number>>) => number;
}

/**
 * Compiles an expression.
 *
 * @throws {ExpressionError} if the text is not an expression, or if its result is not a number
 */
export function compile(text: string): Expression {
  if (text.length > LONGEST) throw new ExpressionError(`expected at most ${LONGEST} characters`);
  try {
    const source = withDoubles(text);
    const names = [...new Set(namesIn(environment().parse(source).ast))];
    const own = environment().clone();
    for (const name of names) own.registerVariable(name, "double");
    const evaluate = own.parse(source);
    const { valid, type, error } = evaluate.check();
    if (!valid) throw error;
    if (type !== "double") throw new ExpressionError(`expected a number as the result, not a ${type}`);
    return { names, evaluate: (values) => evaluate(values) as number };
  } catch (cause) {
    throw cause instanceof ParseError || cause instanceof CelTypeError
      ? new ExpressionError(cause.summary, { cause })
      : cause;
  }
}

/** The environment of all expressions. The first expression creates it, because that takes 5 ms. */
let created: Environment | undefined;

function environment(): Environment {
  if (created !== undefined) return created;
  created = new Environment({ limits: { maxDepth: 50 } });
  for (const [name, { arities, of }] of Object.entries(FUNCTIONS)) {
    for (const arity of arities) {
      created.registerFunction(`${name}(${Array(arity).fill("double").join(", ")}): double`, of);
    }
  }
  return created;
}

function severalArguments(): readonly number[] {
  return Array.from({ length: MOST_ARGUMENTS - 1 }, (_, i) => i + 2);
}

/** Makes each integer a double: `10` → `10.0`. CEL has no operator between the two, and an expression has doubles only. */
function withDoubles(text: string): string {
  return text.replace(
    /(?<![\w.])\d+(\.\d+)?([eE][+-]?\d+)?(?![\w.])/g,
    (number, fraction?: string, exponent?: string) => fraction ?? exponent ? number : `${number}.0`,
  );
}

/**
 * Yields the names in an expression, in order.
 *
 * @throws {ExpressionError} if the expression has something else than numbers, names, operators and functions of numbers
 */
function* namesIn(node: ASTNode): Generator<string, void> {
  switch (node.op) {
    case "value":
      if (typeof node.args === "number" || typeof node.args === "boolean") return;
      throw new ExpressionError(EXPECTED);
    case "id":
      yield node.args;
      return;
    case "call": {
      const [name, inner] = node.args;
      if (!Object.hasOwn(FUNCTIONS, name)) {
        throw new ExpressionError(`unknown function ${name}; ${EXPECTED}`);
      }
      for (const argument of inner) yield* namesIn(argument);
      return;
    }
    default:
      if (!OPERATORS.has(node.op)) throw new ExpressionError(EXPECTED);
      for (const operand of [node.args].flat() as readonly ASTNode[]) yield* namesIn(operand);
  }
}
