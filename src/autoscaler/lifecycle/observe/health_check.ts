/**
 * kas's own health check of an instance, which the instance must pass before kas registers it (R9).
 *
 * @module
 */
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { timeLimit } from "../../../runtime.ts";
import { WORKER_PORT } from "../../../scaling/model/instance.ts";
import { type ActivityContext, ActivityError } from "../activity_context.ts";

/** A health check that can be repeated. */
export interface HealthCheck {
  /** Checks the instance once. Returns true if the instance passes, and undefined if not. */
  readonly attempt: () => Promise<true | undefined>;
  /** Returns whether any attempt got an answer. */
  readonly answered: () => boolean;
  /** Returns the result of the last attempt for an error message. */
  readonly lastSeen: () => string | undefined;
}

/** How long a health check waits for an answer, in ms. */
const TIMEOUT = 2_000;

/** How many characters of an answer's body an error quotes. */
const QUOTED = 80;

/**
 * Returns the health check of an instance.
 *
 * @throws {ActivityError} if the instance has no address
 */
export function healthCheck(
  { environment: { address, runtime: { clock, fetchDirect } }, id, signal }: ActivityContext,
  instance: Ec2Instance,
): HealthCheck {
  const host = address(instance);
  if (host === undefined) throw new ActivityError(`${id} has no address for its health check`, "no-answer");
  let last: string | undefined;
  let answered = false;
  return {
    answered: () => answered,
    lastSeen: () => last,
    attempt: async () => {
      using limit = timeLimit(clock, TIMEOUT);
      try {
        const response = await fetchDirect(`http://${host}:${WORKER_PORT}/ping`, {
          redirect: "manual",
          signal: AbortSignal.any([signal, limit.signal]),
        });
        answered = true;
        const body = await firstLine(response);
        last = `the last answer was ${response.status} ${body}`.trimEnd();
        return response.status === 200 ? true : undefined;
      } catch (error) {
        // Every error means that the check failed. If the activity was cancelled, its signal ends the wait that repeats the
        // attempts. A host that runs refuses a connection if no worker listens. If a security group blocks the connection, no
        // answer comes.
        answered ||= /connection (refused|reset)/.test(innermostMessage(error));
        const why = limit.signal.aborted ? `no answer within ${TIMEOUT / 1_000} s` : innermostMessage(error);
        last = `the last attempt failed: ${why}`;
        return undefined;
      }
    },
  };
}

/** Returns the beginning of a body in one line. Does not read the rest of the body. */
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

/** Returns the innermost message of a failed fetch, for example "connection refused". */
function innermostMessage(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return innermostMessage(error.cause);
  const message = error instanceof Error ? error.message : String(error);
  const innermost = message.split(": ").at(-1) ?? message;
  return innermost.replace(/ \(os error \d+\)$/, "").toLowerCase();
}
