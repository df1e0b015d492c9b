/**
 * Breaks code by the name of a function, so that a mutation survives any change of the function's text. A function declaration and a
 * method can be assigned to at runtime, therefore one line of code is enough.
 *
 * @module
 */

/** Replaces a function or a method. */
export interface Edit {
  readonly file: string;
  /** A function declaration of the file (`recheck`), a method (`Inbox.prototype.add`), or a property of an object (`cooldown.check`). */
  readonly symbol: string;
  /** The expression that takes its place. `original` in it is the present function. */
  readonly becomes: string;
}

const IDENTIFIER = /^\w+$/;

/** A file's source with a function replaced. */
export function mutated(source: string, { symbol, becomes }: Pick<Edit, "symbol" | "becomes">): string {
  const code = `{ const original = ${symbol}; ${symbol} = ${becomes}; }`;
  // A function declaration exists before any code of its module runs, and is replaced before a table in the module refers to it.
  // A class or an object exists only once its module has run.
  return IDENTIFIER.test(symbol) ? `${code} ${source}` : `${source}\n${code}\n`;
}

/** Whether a file's source declares a function. */
export function declares(source: string, symbol: string): boolean {
  if (IDENTIFIER.test(symbol)) return new RegExp(`\\bfunction\\*? ${symbol}\\b`).test(source);
  const [owner, member] = [symbol.split(".")[0], symbol.split(".").at(-1)];
  return new RegExp(`\\b(?:class|const) ${owner}\\b`).test(source) &&
    new RegExp(`^\\s+(?:async )?${member}(?:\\(|<|: |,$)`, "m").test(source);
}
