/**
 * Facts of fleets of any size, and what a decision costs on them.
 *
 * @module
 */
import { type Recommendation, recommendationOf } from "../src/scaling/model/alarm.ts";
import { decide, type Decision, type Observation } from "../src/scaling/decide.ts";
import type { Instance } from "../src/scaling/model/instance.ts";
import { quantile } from "./result.ts";

const NOW = Date.UTC(2026, 0, 1);

/** Facts of a fleet of which half is in service, busy, and over two zones. */
export function factsOf(size: number): Observation {
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

/** What it takes to decide on a start and on a stop, µs each: the median of 20, facts made anew for each. */
export function decideTimes(size: number): { readonly out: number; readonly in: number } {
  const alarm = { fleet: "kas", dimension: factsOf(size).instances[2]?.id ?? "", at: NOW };
  const out = recommendationOf({ ...alarm, kind: "cpuhigh", from: "OK", to: "ALARM" }, "notification");
  const less = recommendationOf({ ...alarm, kind: "cpulow", from: "ALARM", to: "OK" }, "notification");
  return { out: median(size, out, "start"), in: median(size, less, "stop") };
}

/** Once for each facts, as kas decides once on what it has seen. */
function median(size: number, signal: Recommendation, expected: Decision["kind"]): number {
  const times: number[] = [];
  for (let n = 0; n < 20; n++) {
    const facts = factsOf(size);
    const begun = performance.now();
    const { kind } = decide(signal, facts);
    times.push((performance.now() - begun) * 1_000);
    if (kind !== expected) throw new Error(`decided ${kind}, so that nothing was measured of a ${expected}`);
  }
  return quantile(times, 0.5);
}
