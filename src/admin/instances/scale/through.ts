/**
 * `kas admin scale` with a running autoscaler, which decides and carries the decision out.
 *
 * @module
 */
import { z } from "zod";
import { realClock } from "../../../runtime.ts";
import { askAutoscaler, type AutoscalerFleet } from "../autoscaler_socket.ts";
import type { Scaler } from "./scaler.ts";

/** Interval at which kas asks the autoscaler for progress, in ms. */
const INTERVAL = 250;

/** The capacity that an operator asked for. */
export const OVERRIDE = z.object({
  capacity: z.number(),
  since: z.number(),
  until: z.number(),
  once: z.boolean(),
}).nullable();

const OVERRIDE_PROGRESS = z.object({
  override: OVERRIDE.unwrap(),
  outcome: z.enum(["pending", "reached", "held"]),
  checks: z.array(z.string()),
  reason: z.string(),
}).nullable();

const ASSESSMENT = z.object({
  metrics: z.array(z.object({
    name: z.string(),
    value: z.number().nullable(),
    age: z.number().nullable(),
    source: z.string(),
    why: z.string().nullable(),
  })),
  policies: z.array(z.object({ policy: z.string(), capacity: z.number().nullable(), reason: z.string() })),
  checks: z.array(z.object({ name: z.string(), status: z.string(), message: z.string() })),
});

const DECIDED = z.object({
  actions: z.array(z.object({ kind: z.string(), instance: z.string().nullable() })),
  reason: z.string(),
  checks: z.array(z.string()),
  activities: z.array(z.number()),
  inService: z.number(),
  override: OVERRIDE,
  progress: OVERRIDE_PROGRESS,
  assessment: ASSESSMENT.optional(),
});

const PROGRESS = z.object({
  activities: z.array(z.object({
    id: z.number(),
    kind: z.string(),
    instance: z.string().nullable(),
    status: z.string().nullable(),
    reason: z.string(),
    step: z.string().nullable(),
  })),
  inService: z.number().nullable(),
  override: OVERRIDE,
  progress: OVERRIDE_PROGRESS,
});

/** Returns a scaler that lets a running autoscaler scale. */
export function autoscalerScaler(fleet: AutoscalerFleet, signal: AbortSignal): Scaler {
  return {
    // Only the autoscaler knows its setting --shrink.
    asksFirst: true,
    isOwn: false,
    decide: ({ kind: _, ...request }, dryRun) =>
      askAutoscaler(fleet, "scale", { ...request, dryRun }, DECIDED, signal),
    progress: (ids, since) => askAutoscaler(fleet, "progress", { ids, since }, PROGRESS, signal),
    wait: () => realClock.sleep(INTERVAL, signal),
    advise: () => {},
  };
}
