/**
 * Breaks code on purpose: replaces a function by its name, so that the mutation still works after the function's code
 * changes. JavaScript can assign to a function declaration and to a method at runtime, so one added line of code is
 * enough.
 *
 * @module
 */

/** The replacement of a function or a method. */
export interface Edit {
  readonly file: string;
  /** A function declaration of the file (`recheck`), a method (`Inbox.prototype.add`), or a property of an object (`cooldown.check`). */
  readonly symbol: string;
  /** The expression of the new function. In it, `original` is the function that it replaces. */
  readonly becomes: string;
}

const IDENTIFIER = /^\w+$/;

/** Returns a file's source in which a function is replaced. */
export function mutated(source: string, { symbol, becomes }: Pick<Edit, "symbol" | "becomes">): string {
  const code = `{ const original = ${symbol}; ${symbol} = ${becomes}; }`;
  // A function declaration exists before the code of its module runs, so the added line comes first: a table in the
  // module then refers to the new function. A class or an object exists only after the code of its module has run, so
  // the added line comes last.
  return IDENTIFIER.test(symbol) ? `${code} ${source}` : `${source}\n${code}\n`;
}

/** Whether a file's source declares a function. */
export function declares(source: string, symbol: string): boolean {
  if (IDENTIFIER.test(symbol)) return new RegExp(`\\bfunction\\*? ${symbol}\\b`).test(source);
  const [owner, member] = [symbol.split(".")[0], symbol.split(".").at(-1)];
  return new RegExp(`\\b(?:class|const) ${owner}\\b`).test(source) &&
    new RegExp(`^\\s+(?:async )?${member}(?:\\(|<|: |,$)`, "m").test(source);
}
