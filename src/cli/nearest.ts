/**
 * Suggestions for mistyped words.
 *
 * @module
 */
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/**
 * Returns the valid word that is most similar to `word`: the only valid word that begins with `word`, or a word of which at most a
 * third of the letters differ. Returns undefined if no valid word is similar.
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

/** Returns a suggestion such as `; did you mean worker?`, or "" if no valid word is similar. */
export function didYouMean(word: string, words: readonly string[], prefix = ""): string {
  const suggestion = nearest(word, words);
  return suggestion === undefined ? "" : `; did you mean ${prefix}${suggestion}?`;
}
