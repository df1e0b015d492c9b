/**
 * Random numbers that are the same in every run with the same seed.
 *
 * @module
 */

/**
 * Returns a generator of random numbers in [0, 1). The same seed produces the same sequence. Source: mulberry32, Tommy Ettinger,
 * public domain.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
