/**
 * Helpers for concurrent calls to AWS.
 *
 * @module
 */

/**
 * Waits for all calls, and throws the first failure after the last call has ended. So no call of a failed attempt
 * runs beside the next attempt, where AWS would throttle both.
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
