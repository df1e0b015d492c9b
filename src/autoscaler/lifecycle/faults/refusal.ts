/**
 * Refusals: EC2 refuses to stop or terminate some instances. Before kas drains an instance, it asks EC2 whether the instance
 * is protected. kas also remembers a refusal, so that it does not drain the same instance again, but selects another one.
 *
 * @module
 */
import { isProtected } from "../../../aws/ec2/instance_settings.ts";
import { isDenied, isRefused } from "../../../aws/errors.ts";
import { describeError } from "../../../aws/error_messages.ts";
import type { ScaleInKind } from "../../store/instances/refusals.ts";
import { type ActivityContext, ActivityError } from "../activity_context.ts";

/** Why EC2 refuses to stop or to terminate a protected instance, as a clause for a reason. */
const PROTECTION: Readonly<Record<ScaleInKind, string>> = {
  stop: "it has stop protection",
  terminate: "it has termination protection",
};

/**
 * Checks that an instance is not protected. If EC2 does not answer, the check passes, and EC2 may still refuse the later request.
 *
 * @throws {ActivityError} if the instance is protected
 */
export async function checkProtection(context: ActivityContext, action: ScaleInKind): Promise<void> {
  const { id } = context;
  if (!await isKnownProtected(context, action)) return;
  note(context, action, PROTECTION[action], true);
  throw new ActivityError(`EC2 refuses to ${action} ${id}: ${PROTECTION[action]}`);
}

/** Makes a request that EC2 may refuse. If EC2 refuses it, writes the refusal to the journal and throws the error. */
export async function notingRefusal<T>(
  context: ActivityContext,
  action: ScaleInKind,
  request: () => Promise<T>,
): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (isRefused(error) || isDenied(error)) {
      note(context, action, describeError(error).message, await isKnownProtected(context, action));
    }
    throw error;
  }
}

function note(
  { journal, log, id, environment: { runtime: { clock } } }: ActivityContext,
  action: ScaleInKind,
  reason: string,
  isByAttribute: boolean,
): void {
  log.warn("EC2 refuses to scale an instance in", { instance: id, action, reason });
  journal.refusals.note({ instance: id, action, reason, protected: isByAttribute }, clock.now());
}

/** Asks EC2 whether an instance is protected. Returns false if EC2 does not answer. */
async function isKnownProtected(
  { environment: { aws }, id, signal }: ActivityContext,
  action: ScaleInKind,
): Promise<boolean> {
  try {
    return await isProtected(aws, id, action, signal);
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
