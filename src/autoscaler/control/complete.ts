/**
 * Registers instances that are registered with only some of the fleet's target groups with the others too. An instance is missing in a
 * group if the operator adds the group to the fleet's settings, or if somebody has deregistered the instance from the group.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { describeError } from "../../aws/error_messages.ts";
import { isQuarantined } from "../../scaling/model/instance.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import type { Registrar } from "../registrar/registrar.ts";

const log = getLogger(["kas", "loop"]);

/** Completes the registrations of the observed instances. Logs an error and does not throw it: the next reconcile tries again. */
export async function completeRegistrations(
  registrar: Registrar,
  { instances, inProgress, now }: Observation,
  signal: AbortSignal,
): Promise<void> {
  const busy = new Set(inProgress.map(({ instance }) => instance));
  const ids = instances.filter((instance) =>
    instance.state === "running" && instance.registration === "out-of-service" && !busy.has(instance.id) &&
    !instance.detached && instance.byOperator === undefined && !isQuarantined(instance, now)
  ).map(({ id }) => id);
  try {
    for (const instance of await registrar.complete(ids, signal)) {
      log.info("instance registered with all target groups", { instance });
    }
  } catch (error) {
    signal.throwIfAborted();
    log.error("could not register instances with all target groups", {
      reason: describeError(error).message,
    });
  }
}
