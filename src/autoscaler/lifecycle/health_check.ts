/**
 * The probe of an instance's worker before it is registered (R9), which remembers what it was told last.
 *
 * @module
 */
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import { type ActivityContext, ActivityError } from "./activity_context.ts";

/** A probe that can be repeated. */
export interface HealthCheck {
  /** True once the worker answers as it should. */
  readonly attempt: () => Promise<true | undefined>;
  /** What came of the last attempt, in words. */
  readonly told: () => string | undefined;
}

/** How long a worker's answer is waited for, ms. */
const TIMEOUT = 2_000;

/** How much of an answer's body is told, in characters. */
const TOLD = 80;

/**
 * Makes the probe of an instance.
 *
 * @throws {ActivityError} if there is no way to reach it
 */
export function healthCheck(
  { environment, id, signal }: ActivityContext,
  instance: Ec2Instance,
): HealthCheck {
  const host = environment.address(instance);
  if (host === undefined) throw new ActivityError(`${id} has no address to reach its worker at`, true);
  let told: string | undefined;
  return {
    told: () => told,
    attempt: async () => {
      const late = AbortSignal.timeout(TIMEOUT);
      try {
        const response = await fetch(`http://${host}:${WORKER_PORT}/ping`, {
          redirect: "manual",
          signal: AbortSignal.any([signal, late]),
        });
        const body = await beginning(response);
        told = `its last answer was ${response.status} ${body}`.trimEnd();
        return response.status === 200 ? true : undefined;
      } catch (error) {
        // A worker that can't be reached is one that is not healthy; if it was the signal, the wait ends by it.
        const why = late.aborted ? `no answer within ${TIMEOUT / 1_000} s` : wordsOf(error);
        told = `the last attempt to reach it met ${why}`;
        return undefined;
      }
    },
  };
}

/** The first of a body, in one line; the rest is not read. */
async function beginning({ body }: Response): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk.subarray(0, 4 * TOLD), { stream: true });
    if (text.length >= TOLD) break;
  }
  return Array.from(text.replaceAll(/[\s\p{C}]+/gu, " ").trim()).slice(0, TOLD).join("");
}

/** The innermost words of a failed fetch: "connection refused". */
function wordsOf(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return wordsOf(error.cause);
  const message = error instanceof Error ? error.message : String(error);
  const innermost = message.split(": ").at(-1) ?? message;
  return innermost.replace(/ \(os error \d+\)$/, "").toLowerCase();
}
