/**
 * kas's own health check of an instance, before it is registered (R9).
 *
 * @module
 */
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { timeLimit } from "../../runtime.ts";
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import { type ActivityContext, ActivityError } from "./activity_context.ts";

/** A health check that can be repeated. */
export interface HealthCheck {
  /** True if the instance passes. */
  readonly attempt: () => Promise<true | undefined>;
  /** The result of the last attempt, for an error's message. */
  readonly lastSeen: () => string | undefined;
}

/** The longest wait for an answer, ms. */
const TIMEOUT = 2_000;

/** How much of an answer's body an error quotes, in characters. */
const QUOTED = 80;

/**
 * Makes the health check of an instance.
 *
 * @throws {ActivityError} if the instance has no address
 */
export function healthCheck(
  { environment: { address, runtime: { clock, fetchDirect } }, id, signal }: ActivityContext,
  instance: Ec2Instance,
): HealthCheck {
  const host = address(instance);
  if (host === undefined) throw new ActivityError(`${id} has no address for its health check`, true);
  let last: string | undefined;
  return {
    lastSeen: () => last,
    attempt: async () => {
      using limit = timeLimit(clock, TIMEOUT);
      try {
        const response = await fetchDirect(`http://${host}:${WORKER_PORT}/ping`, {
          redirect: "manual",
          signal: AbortSignal.any([signal, limit.signal]),
        });
        const body = await firstLine(response);
        last = `the last answer was ${response.status} ${body}`.trimEnd();
        return response.status === 200 ? true : undefined;
      } catch (error) {
        // The activity's own signal ends the wait that makes the attempts, so every error here is a failed check.
        const why = limit.signal.aborted ? `no answer within ${TIMEOUT / 1_000} s` : innermostMessage(error);
        last = `the last attempt failed: ${why}`;
        return undefined;
      }
    },
  };
}

/** The beginning of a body, in one line. The rest is not read. */
async function firstLine({ body }: Response): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk.subarray(0, 4 * QUOTED), { stream: true });
    if (text.length >= QUOTED) break;
  }
  return Array.from(text.replaceAll(/[\s\p{C}]+/gu, " ").trim()).slice(0, QUOTED).join("");
}

/** The innermost message of a failed fetch: "connection refused". */
function innermostMessage(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return innermostMessage(error.cause);
  const message = error instanceof Error ? error.message : String(error);
  const innermost = message.split(": ").at(-1) ?? message;
  return innermost.replace(/ \(os error \d+\)$/, "").toLowerCase();
}
