/**
 * Nodes that the autoscaler neither registers nor stops.
 *
 * @module
 */
import { commandText } from "../../../cli/command_line.ts";
import type { Output } from "../../../cli/output.ts";
import type { Instance } from "../../../scaling/model/instance.ts";

/** Prints a note about the nodes that run but are not registered, because the autoscaler neither registers nor stops them (R9). */
export function noteUnregistered(instances: readonly Instance[], out: Output): void {
  const ids = instances.filter(({ role, state, registration, detached }) =>
    role === "node" && state === "running" && registration === "none" && !detached
  ).map(({ id }) => id);
  if (ids.length === 0) return;
  out.note(`These nodes run but are not registered: ${ids.join(" ")}`);
  out.note(
    `To put them into service: ${commandText(["kas", "admin", "instances", "adopt", ...ids])}`,
  );
  out.note(`To make them standby nodes: ${commandText(["kas", "admin", "instances", "stop", ...ids])}`);
}
