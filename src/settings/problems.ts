/**
 * Problems of a config file, with their places in it.
 *
 * @module
 */
import type * as z from "zod";
import { didYouMean } from "../cli/nearest.ts";

/** A problem of a config file. */
export interface ConfigProblem {
  /** The place in the file, such as `fleets[0].max`. "" stands for the whole file. */
  readonly place: string;
  readonly problem: string;
}

/** Returns a problem as text: `fleets[0].max: expected …`. */
export function problemText({ place, problem }: ConfigProblem): string {
  return place === "" ? problem : `${place}: ${problem}`;
}

/** Returns the problems of a value that a schema refuses. `keys` are the keys to suggest instead of an unknown key. */
export function problemsOf({ issues }: Pick<z.ZodError, "issues">, keys: readonly string[]): ConfigProblem[] {
  // zod reports all unknown keys of an object in one issue.
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
        place: placeOf([...issue.path, key]),
        problem: `unknown key${didYouMean(key, keys)}`,
      }))
      : [{ place: placeOf(issue.path), problem: issue.message }]
  );
}

/** Formats a path as JavaScript would: `fleets[0].max`. */
function placeOf(path: readonly PropertyKey[]): string {
  return path.map((key, i) => typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`)
    .join("");
}
