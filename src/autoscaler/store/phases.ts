/**
 * R17, the reaction budget: how long each phase of an activity took, from the breach to the first request served.
 *
 * @module
 */
import type { ActivityKind } from "../../scaling/model/activity.ts";
import type { JournalLine } from "./lines.ts";

/**
 * The phases of each kind of activity in their order. A start waits for `stopped` only where its instance was still stopping, and
 * one that takes a draining instance back has no `started` and `running`; nobody knows of a `first-request` where none came.
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

/** How long something took, s. `total` is from the breach, or the decision where no notification told of one, to the end. */
export interface PhaseDuration {
  readonly phase: string;
  readonly seconds: number;
}

/** How long each phase of a line's activity took, from the end of the one before it; nothing unless the activity is done. */
export function phaseDurations({ kind, status, trigger: source, phases }: JournalLine): PhaseDuration[] {
  if (kind === "none" || status !== "successful") return [];
  // What persists at a resync broke its threshold long ago: that is no time to react.
  const told = PHASES[kind].filter((phase) => source === "notification" || phase !== "breach");
  const ends = told.flatMap((phase) => {
    const end = Date.parse(phases[phase] ?? "");
    return Number.isNaN(end) ? [] : [{ phase, end }];
  });
  // CloudWatch's clock is another, so a phase may seem to end before it began.
  const between = (from: number, to: number) => Math.max(0, to - from) / 1_000;
  const lengths: PhaseDuration[] = ends.slice(1).map(({ phase, end }, i) => ({
    phase,
    seconds: between(ends[i]?.end ?? end, end),
  }));
  const [first] = ends;
  const last = ends.findLast(({ phase }) => phase !== "first-request");
  if (first === undefined || last === undefined) return lengths;
  return [...lengths, { phase: "total", seconds: between(first.end, last.end) }];
}

/** A phase over many activities; seconds, null where there are none. */
export interface PhaseRow {
  readonly kind: ActivityKind;
  readonly phase: string;
  readonly count: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
}

/** Each phase over the activities that are done: of starts and stops, and of launches and terminations if there were any. */
export function phaseTable(lines: readonly JournalLine[]): PhaseRow[] {
  return (["start", "launch", "stop", "terminate"] as const).flatMap((kind) => {
    const ofKind = lines.filter((line) => line.kind === kind);
    if (ofKind.length === 0 && kind !== "start" && kind !== "stop") return [];
    const lengths = Map.groupBy(ofKind.flatMap(phaseDurations), (it) => it.phase);
    return [...PHASES[kind].slice(1), "total"].map((phase) => {
      const sorted = (lengths.get(phase) ?? []).map(({ seconds }) => seconds).sort((a, b) => a - b);
      // Nearest rank: a time that an activity really took.
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
