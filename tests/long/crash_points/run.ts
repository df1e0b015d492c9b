/**
 * One run of a scenario, with or without a crash: its result, and the violations of the invariants.
 *
 * @module
 */
import type { Cloud } from "../../support/lab/cloud.ts";
import { type CrashPoint, Lab } from "../../support/lab/lab.ts";
import { Referee } from "../../support/lab/referee.ts";
import type { Scenario } from "./scenarios.ts";

/** The outcome of a run. */
export interface Run {
  /** The instances, activities and counts, one line for each. The test compares them with another run. */
  readonly end: readonly string[];
  readonly violations: readonly string[];
  readonly crashed: boolean;
  /** Calls to AWS and writes to the database since the scenario began. */
  readonly counts: Lab["counts"];
}

/** Time limit until no activity is in progress, in ms. */
const LONGEST = 1_800_000;

/** Runs a scenario. With a point, the autoscaler crashes there and starts again. */
export async function run({ plan, prepare, drive }: Scenario, point?: CrashPoint): Promise<Run> {
  const referee = new Referee();
  await using lab = await Lab.open(plan, referee);
  referee.watch(lab);
  await prepare(lab);
  await lab.start();
  await lab.pass(5_000);
  lab.crashAt(point);
  await drive(lab);
  const deadline = lab.time.passed + LONGEST;
  do await lab.pass(30_000); while (!atRest(lab) && lab.time.passed < deadline);
  if (atRest(lab)) referee.verifyEnd();
  else referee.violations.add("I6: activities do not end");
  const { call, write } = lab.counts;
  referee.verify(lab.kas, new Map());
  const struck = lab.crashes.call + lab.crashes.write > 0;
  return {
    end: await endOf(lab, referee),
    violations: [
      ...referee.violations,
      ...lab.cloud.workers.lost.map((id) => `I4: ${id} stopped during a job`),
    ],
    crashed: struck,
    counts: { call, write },
  };
}

function atRest(lab: Lab): boolean {
  if (!lab.alive) return false;
  const { kas: { journal, inbox }, cloud } = lab;
  return journal.unfinished().length === 0 && inbox.waiting() === 0 &&
    cloud.fleet().every(({ state }) => state === "running" || state === "stopped");
}

async function endOf({ kas, cloud, time }: Lab, { tally: acts }: Referee): Promise<string[]> {
  const { starts, launches, stops, terminations } = acts;
  const activities = kas.journal.lines(100, time.now())
    .filter(({ kind }) => kind !== "none")
    .map(({ kind, instance, status }) => `${kind} ${instance} ${status}`);
  const instances = cloud.fleet().map(({ id, state, registration, tags }) =>
    `${id} ${state} ${registration} ${tags["kas:quarantine"] ?? ""}`.trimEnd()
  );
  const counts = `${starts} starts, ${launches} launches, ${stops} stops, ${terminations} terminations`;
  const alarms = await alarmsOf(cloud);
  return [...instances, ...activities.toReversed(), counts, ...alarms];
}

async function alarmsOf(cloud: Cloud): Promise<string[]> {
  const answer = await cloud.elsewhere("cloudWatch", "DescribeAlarms", {}) as {
    readonly MetricAlarms: readonly { readonly AlarmName: string; readonly Threshold: number }[];
  };
  return answer.MetricAlarms.map(({ AlarmName, Threshold }) => `${AlarmName} >= ${Threshold}`);
}
