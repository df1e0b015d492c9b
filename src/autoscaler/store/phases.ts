/**
 * R17, the phases of an activity: how long each phase took, from the moment the alarm changed its state to the first request
 * that the instance served.
 *
 * @module
 */
import type { ActivityKind } from "../../scaling/model/activity.ts";
import type { JournalLine } from "./lines.ts";

/**
 * The phases of each kind of activity, in their order. A phase has the name of the step or event that ends it. The phase
 * `breach` ends when the alarm changes its state. Not every activity has all phases: a start has `stopped` only if its
 * instance was still stopping, and a start that registers a draining instance again has neither `started` nor `running`.
 */
export const PHASES: Readonly<Record<ActivityKind, readonly string[]>> = {
  start: [
    "breach",
    "notified",
    "decided",
    "stopped",
    "started",
    "running",
    "healthy",
    "registered",
    "in-service",
    "first-request",
  ],
  launch: [
    "breach",
    "notified",
    "decided",
    "launched",
    "running",
    "healthy",
    "registered",
    "in-service",
    "first-request",
  ],
  stop: ["breach", "notified", "decided", "deregistered", "drained", "rechecked", "stopping", "stopped"],
  terminate: [
    "breach",
    "notified",
    "decided",
    "deregistered",
    "drained",
    "rechecked",
    "terminating",
    "terminated",
  ],
};

/**
 * The duration of a phase. The phase `total` is the time from the change of the alarm to the end of the activity. If no
 * notification triggered the activity, `total` begins with the decision.
 */
export interface PhaseDuration {
  readonly phase: string;
  readonly seconds: number;
}

/**
 * Returns how long each phase of an activity took. A phase begins when the phase before it ends. Empty unless the activity
 * succeeded.
 */
export function phaseDurations({ kind, status, trigger: source, phases }: JournalLine): PhaseDuration[] {
  if (kind === "none" || status !== "successful") return [];
  // Do not count the time in the alarm's state before a reconcile: the alarm may have changed its state long before.
  const measured = PHASES[kind].filter((phase) => source === "notification" || phase !== "breach");
  const ends = measured.flatMap((phase) => {
    const end = Date.parse(phases[phase] ?? "");
    return Number.isNaN(end) ? [] : [{ phase, end }];
  });
  // CloudWatch has another clock, so a phase may seem to end before it began.
  const between = (from: number, to: number) => Math.max(0, to - from) / 1_000;
  const durations: PhaseDuration[] = ends.slice(1).map(({ phase, end }, i) => ({
    phase,
    seconds: between(ends[i]?.end ?? end, end),
  }));
  const [first] = ends;
  const last = ends.findLast(({ phase }) => phase !== "first-request");
  if (first === undefined || last === undefined) return durations;
  return [...durations, { phase: "total", seconds: between(first.end, last.end) }];
}

/** The percentiles of a phase over many activities, in seconds. Null if no activity had the phase. */
export interface PhaseRow {
  readonly kind: ActivityKind;
  readonly phase: string;
  readonly count: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
}

/**
 * Returns the percentiles of each phase over all successful starts and stops, and over launches and terminations if there are
 * any.
 */
export function phaseTable(lines: readonly JournalLine[]): PhaseRow[] {
  return (["start", "launch", "stop", "terminate"] as const).flatMap((kind) => {
    const ofKind = lines.filter((line) => line.kind === kind);
    if (ofKind.length === 0 && kind !== "start" && kind !== "stop") return [];
    const durations = Map.groupBy(ofKind.flatMap(phaseDurations), (it) => it.phase);
    return [...PHASES[kind].slice(1), "total"].map((phase) => {
      const sorted = (durations.get(phase) ?? []).map(({ seconds }) => seconds).sort((a, b) => a - b);
      // Use the nearest-rank method, so that each percentile is the measured duration of an activity.
      const percentile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
      return {
        kind,
        phase,
        count: sorted.length,
        p50: percentile(0.5),
        p90: percentile(0.9),
        p99: percentile(0.99),
      };
    });
  });
}
