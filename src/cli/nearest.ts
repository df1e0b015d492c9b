/**
 * Suggestions for mistyped words.
 *
 * @module
 */
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/**
 * The valid word nearest to `word`. A word is near if at most a third of its letters differ, or if it is the only word that
 * begins with `word`. Undefined if no word is near.
 */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const given = word.toLowerCase();
  const begun = words.filter((valid) => given.length > 1 && valid.toLowerCase().startsWith(given));
  if (begun.length === 1) return begun[0];
  const [best] = words.map((valid) => ({ valid, distance: levenshteinDistance(given, valid.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.ceil(best.valid.length / 3))
    ? best.valid
    : undefined;
}

/** Returns a suggestion such as `; did you mean worker?`, or "" if no valid word is near. */
export function didYouMean(word: string, words: readonly string[], prefix = ""): string {
  const suggestion = nearest(word, words);
  return suggestion === undefined ? "" : `; did you mean ${prefix}${suggestion}?`;
}
