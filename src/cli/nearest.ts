/**
 * The valid word that somebody meant.
 *
 * @module
 */
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/**
 * The valid word nearest to the given one, undefined if none is near: at most a third of its letters differ, or it is the
 * beginning of one word alone.
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

/** `; did you mean "worker"?`, or nothing where no valid word is near. */
export function didYouMean(word: string, words: readonly string[], prefix = ""): string {
  const meant = nearest(word, words);
  return meant === undefined ? "" : `; did you mean ${prefix}${meant}?`;
}
