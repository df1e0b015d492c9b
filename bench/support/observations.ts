/**
 * Creates observations of fleets of any size, and measures how long a decision on them takes.
 *
 * @module
 */
import type { Trigger } from "../../src/scaling/model/trigger.ts";
import { type DecisionKind, kindOf } from "../../src/scaling/model/decision.ts";
import type { Observation } from "../../src/scaling/model/observation.ts";
import { decide } from "../../src/scaling/decide.ts";
import type { Instance } from "../../src/scaling/model/instance.ts";
import { quantile } from "../report/result.ts";

const NOW = Date.UTC(2026, 0, 1);

/** Returns an observation of a fleet in two zones, half of it in service and busy. */
export function observationOf(size: number): Observation {
  const instances = Array.from({ length: size }, (_, i): Instance => {
    const on = i % 2 === 0;
    return {
      id: `i-${i.toString(16).padStart(17, "0")}`,
      name: `kas-${i}`,
      role: i === 0 ? "base" : "node",
      state: on ? "running" : "stopped",
      type: "t3.micro",
      zone: i % 4 < 2 ? "a" : "b",
      registration: on ? "in-service" : "none",
      ...(on ? { launched: NOW - 3_600_000 } : { stoppedAt: NOW - i * 1_000 }),
    };
  });
  const serving = instances.filter(({ state }) => state === "running");
  return {
    now: NOW,
    fleet: "kas",
    limits: { warmup: 120_000, cooldownOut: 0, cooldownIn: 60_000, resync: 60_000 },
    instances,
    alarms: serving.flatMap(({ id }) =>
      (["cpuhigh", "cpulow"] as const).map((kind) => ({
        fleet: "kas",
        kind,
        dimension: id,
        state: "OK" as const,
        threshold: kind === "cpuhigh" ? 80 : 42,
        period: 60,
        changed: NOW - 60_000,
      }))
    ),
    cpu: Object.fromEntries(serving.map(({ id }) => [id, { percent: 30, at: NOW - 30_000 }])),
    inProgress: [],
    history: { inServiceSince: {} },
  };
}

/**
 * Measures how long a decision on a start, and on a stop, takes in µs: the median of 20 decisions, each with its own
 * observation.
 */
export function decideTimes(size: number): { readonly out: number; readonly in: number } {
  const alarm = { fleet: "kas", dimension: observationOf(size).instances[2]?.id ?? "", at: NOW };
  const high = { ...alarm, kind: "cpuhigh", from: "OK", to: "ALARM" } as const;
  const low = { ...alarm, kind: "cpulow", from: "ALARM", to: "OK" } as const;
  return {
    out: median(size, { kind: "notification", alarm: high }, "start"),
    in: median(size, { kind: "notification", alarm: low }, "stop"),
  };
}

/** Returns the median duration. Each observation is used for one decision, as in the autoscaler. */
function median(size: number, trigger: Trigger, expected: DecisionKind): number {
  const times: number[] = [];
  for (let n = 0; n < 20; n++) {
    const observation = observationOf(size);
    const begun = performance.now();
    const kind = kindOf(decide(trigger, observation));
    times.push((performance.now() - begun) * 1_000);
    if (kind !== expected) throw new Error(`decided ${kind}, so that nothing was measured of a ${expected}`);
  }
  return quantile(times, 0.5);
}
