/**
 * Calls to AWS side by side.
 *
 * @module
 */

/**
 * All of them or none: the first failure is thrown once the others have ended too, so that a next attempt never finds calls
 * of this one still under way, and AWS throttles it the more.
 */
export async function awaitAll<const T extends readonly Promise<unknown>[]>(
  calls: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  try {
    return await Promise.all(calls);
  } finally {
    await Promise.allSettled(calls);
  }
}
