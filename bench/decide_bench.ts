/**
 * What a decision costs as the fleet grows. Run with `deno task bench`.
 *
 * @module
 */
import { decide, type Facts } from "../src/scaling/decide.ts";
import type { Instance } from "../src/scaling/fleet.ts";
import { signalOf } from "../src/scaling/alarm.ts";

const NOW = Date.UTC(2026, 0, 1);

/** A fleet of which half is in service, busy, and over two zones. */
function fleetOf(size: number): Facts {
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
    underWay: [],
    history: { inServiceSince: {} },
  };
}

for (const size of [10, 100, 1_000, 10_000]) {
  const facts = fleetOf(size);
  const alarm = { fleet: "kas", dimension: facts.instances[2]?.id ?? "", at: NOW };
  const out = signalOf({ ...alarm, kind: "cpuhigh", from: "OK", to: "ALARM" }, "notification");
  const less = signalOf({ ...alarm, kind: "cpulow", from: "ALARM", to: "OK" }, "notification");
  if (decide(out, facts).kind !== "start" || decide(less, facts).kind !== "stop") {
    throw new Error("the benchmark's fleet does not scale, so it would measure nothing");
  }
  Deno.bench(
    `decide() starts one of ${size}`,
    { group: "out", baseline: size === 10 },
    () => void decide(out, facts),
  );
  Deno.bench(
    `decide() stops one of ${size}`,
    { group: "in", baseline: size === 10 },
    () => void decide(less, facts),
  );
}
