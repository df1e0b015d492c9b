import { assertEquals } from "@std/assert";
import type { JournalLine } from "../../../../src/autoscaler/store/lines.ts";
import { phaseDurations, phaseTable } from "../../../../src/autoscaler/store/phases.ts";
import { NOW } from "../../scaling/fixtures.ts";

/** A start that is done, its phases at so many ms after NOW. */
function line(phases: Readonly<Record<string, number>>, more: Partial<JournalLine> = {}): JournalLine {
  return {
    id: 1,
    time: new Date(NOW).toISOString(),
    kind: "start",
    instance: "n1",
    status: "successful",
    reason: "busy",
    seconds: 1,
    trigger: "notification",
    message: "m",
    times: 1,
    phases: Object.fromEntries(
      Object.entries(phases).map(([phase, at]) => [phase, new Date(NOW + at).toISOString()]),
    ),
    ...more,
  };
}

const START = {
  breach: -3_000,
  notified: -2_000,
  decided: 0,
  started: 500,
  running: 20_500,
  healthy: 21_000,
  registered: 21_100,
  "in-service": 31_100,
  "first-request": 31_600,
};

/** Returns the durations of phases as texts: `phase seconds`. */
const durations = (line: JournalLine) =>
  phaseDurations(line).map(({ phase, seconds }) => `${phase} ${seconds}`);

Deno.test("phaseDurations() measures each phase from the end of the previous phase, and the total until in service (R17)", () => {
  assertEquals(durations(line(START)), [
    "notified 1",
    "decided 2",
    "started 0.5",
    "running 20",
    "healthy 0.5",
    "registered 0.1",
    "in-service 10",
    "first-request 0.5",
    "total 34.1",
  ]);
});

Deno.test("phaseDurations() omits phases that an activity did not have", () => {
  const { started: _, running: __, "first-request": ___, ...phases } = START;
  assertEquals(durations(line(phases)).slice(2), [
    "healthy 21",
    "registered 0.1",
    "in-service 10",
    "total 34.1",
  ]);
});

Deno.test("phaseDurations() of a reconcile start with the decision", () => {
  const { notified: _, ...phases } = START;
  assertEquals(durations(line(phases, { trigger: "reconcile" })).slice(0, 1), ["started 0.5"]);
  assertEquals(durations(line(phases, { trigger: "reconcile" })).at(-1), "total 31.1");
});

Deno.test("phaseDurations() returns durations only for successful activities, and never negative durations", () => {
  assertEquals(durations(line(START, { status: "failed" })), []);
  assertEquals(durations(line({}, { kind: "none", status: null })), []);
  assertEquals(durations(line({ ...START, breach: 9_000 })).slice(0, 1), ["notified 0"]);
});

Deno.test("phaseTable() contains the nearest-rank p50, p90 and p99 of each phase, and null if there are no activities", () => {
  const lines = Array.from({ length: 100 }, (_, i) => line({ decided: 0, started: 1_000 * (i + 1) }));
  const rows = phaseTable(lines);
  assertEquals(rows.find(({ phase }) => phase === "started"), {
    kind: "start",
    phase: "started",
    count: 100,
    p50: 50,
    p90: 90,
    p99: 99,
  });
  assertEquals(rows.find(({ phase }) => phase === "running"), {
    kind: "start",
    phase: "running",
    count: 0,
    p50: null,
    p90: null,
    p99: null,
  });
  assertEquals(rows.filter(({ kind }) => kind === "stop").map(({ phase }) => phase), [
    "notified",
    "decided",
    "deregistered",
    "drained",
    "rechecked",
    "stopping",
    "stopped",
    "total",
  ]);
});
