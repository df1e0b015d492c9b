/**
 * Counts the calls to AWS of many activities that begin at the same time, in virtual time.
 *
 * @module
 */
import { type Burst, isThrottled, openPaused, playBurst } from "../../tests/support/lab/burst.ts";
import { fleetOf } from "../../tests/support/lab/fleet_plan.ts";
import type { Cell, Goal, Options, Part, Result } from "../report/result.ts";

const SIZES = [10, 50, 200] as const;

/** The size of the burst for which there are goals. */
const GOAL_SIZE = 50;

/** The greatest number of calls for {@linkcode GOAL_SIZE} starts and stops. Each activity for itself needed 5,782. */
const GOAL_CALLS = 578;

/** The time that an answer of AWS takes. */
const LATENCY = "80ms";

/** The columns of the actions. The instances of a call share it, except for the last action. */
const ACTIONS = [
  ["StartInstances", "StopInstances"],
  ["RegisterInstancesWithLoadBalancer", "DeregisterInstancesFromLoadBalancer"],
  ["DescribeInstances"],
  ["DescribeInstanceHealth"],
  ["DescribeInstanceAttribute"],
] as const;

function row(size: number, kind: "start" | "stop", { calls, seconds }: Burst): Cell[] {
  const counts = ACTIONS.map((actions: readonly string[]) =>
    calls.filter(({ action }) => actions.includes(action)).length
  );
  return [`${size} ${kind}s`, seconds, calls.length, ...counts, calls.filter(isThrottled).length];
}

async function run({ quick }: Options): Promise<Result> {
  const rows: Cell[][] = [];
  const goals: Goal[] = [];
  for (const size of quick ? SIZES.slice(0, 2) : SIZES) {
    await using lab = await openPaused(
      fleetOf(Array(size).fill(false), { faults: [`latency=${LATENCY}`], startTimeout: 300_000 }),
    );
    const nodes = lab.cloud.ids.slice(1);
    const [starts, stops] = [await playBurst(lab, "start", nodes), await playBurst(lab, "stop", nodes)];
    rows.push(row(size, "start", starts), row(size, "stop", stops));
    if (size !== GOAL_SIZE) continue;
    const calls = [...starts.calls, ...stops.calls];
    const throttled = calls.filter(isThrottled).length;
    goals.push({
      goal: `At most ${GOAL_CALLS} calls for ${size} starts and ${size} stops, of which AWS throttles none`,
      found: `${calls.length}, ${throttled} throttled`,
      met: calls.length <= GOAL_CALLS && throttled === 0,
    });
  }
  return {
    part: "burst",
    title: "Many activities at once",
    how:
      "The lab of the tests: the sandbox and the autoscaler on virtual time, with AWS's rate limits and delays. All activities begin " +
      `at the same moment, in two zones, and each answer of AWS takes ${LATENCY}. The time is until the last instance is in service, ` +
      "or stopped.",
    tables: [{
      title: "Calls to AWS",
      columns: [
        "activities",
        "time, s",
        "calls",
        ...ACTIONS.map((actions) => actions.join(" or ")),
        "throttled",
      ],
      rows,
    }],
    goals,
    notes: ["DescribeInstanceAttribute takes one instance, so each stop needs a call of its own."],
    panels: [],
  };
}

/** Bursts of activities. */
export const burst: Part = { name: "burst", needs: [], run };
