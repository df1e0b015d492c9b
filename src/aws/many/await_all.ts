/**
 * Helpers for concurrent calls to AWS.
 *
 * @module
 */

/**
 * Waits until all calls have ended, and then throws the error of the first call that failed. When the caller tries
 * again, no call of its first try is still running and using up AWS's request limit.
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
