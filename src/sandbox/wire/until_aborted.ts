/**
 * Waiting for the end of a request, or of the sandbox.
 *
 * @module
 */

/**
 * Resolves when one of the signals aborts. Deno 2.7 can collect a signal of `AbortSignal.any` that only its listeners refer to, so this
 * function listens to each signal itself.
 */
export async function untilAborted(...signals: readonly AbortSignal[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  if (signals.some(({ aborted }) => aborted)) return;
  for (const signal of signals) signal.addEventListener("abort", end, { once: true });
  await promise;
  for (const signal of signals) signal.removeEventListener("abort", end);
}
