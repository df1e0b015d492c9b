/**
 * The state of an autoscaler before its first observation.
 *
 * @module
 */
import type { Snapshot } from "../../../../src/autoscaler/http/snapshot.ts";

const NOW = Date.UTC(2026, 10, 24);

/** A fleet that kas has not observed yet. */
export const QUIET: Snapshot = {
  now: NOW,
  observation: undefined,
  desired: undefined,
  limits: { min: 1, max: 5, warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 60_000 },
  lastObservation: undefined,
  waiting: 0,
  oldest: undefined,
  inProgress: [],
  paused: undefined,
  override: undefined,
  scrapes: new Map(),
  alerts: [],
  bytes: 4_096,
};
