/**
 * Measures what takes longer in a larger fleet: decisions, reconciles, listings and the status.
 *
 * @module
 */
import { assemble } from "../../src/autoscaler/assemble.ts";
import { realRuntime } from "../../src/runtime.ts";
import { BALANCER } from "../../tests/unit/autoscaler/fixtures.ts";
import { binary } from "../../tests/support/needs.ts";
import { decideTimes } from "../support/observations.ts";
import { type Fleet, fleetOf, Recorder } from "../support/fleet.ts";
import { awsClis, kasLister, list, listingGoals, listingTable } from "../support/listing.ts";
import { memory } from "../support/process.ts";
import {
  type Cell,
  type Goal,
  type Options,
  type Part,
  quantile,
  type Result,
  type Table,
} from "../report/result.ts";
import { kasRig } from "../support/rig.ts";

const SIZES = [10, 100, 1_000, 10_000] as const;

/** The time of a reconcile counts as linear if it grows at most this many times as much as the fleet. */
const LINEAR = 1.5;

const LIMITS = { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 3_600_000 };

/**
 * Measures how long a reconcile takes from the first request to the decision in the journal, in ms, and how long AWS's
 * answers take in the same turns.
 */
async function reconcile({ account }: Fleet, times: number): Promise<{ took: number; answers: number }> {
  const folder = await Deno.makeTempDir({ prefix: "kas-bench-" });
  try {
    const recorder = new Recorder();
    await using autoscaler = assemble({
      account,
      fleet: { fleet: "kas", balancer: BALANCER },
      limits: LIMITS,
      startTimeout: 1,
      drainTimeout: 1,
      quarantineFor: 86_400_000,
      state: folder,
      dryRun: true,
    }, { ...realRuntime, fetch: recorder.fetch });
    const { signal } = new AbortController();
    // Reconcile once before the measurement, because the first observation does not yet know which instances run.
    await autoscaler.evaluate({ kind: "reconcile" }, { signal });
    const ask = await recorder.answerTime(() => autoscaler.observer.observe({ kind: "reconcile" }, signal));
    const took: number[] = [];
    const answers: number[] = [];
    for (let n = 0; n < times; n++) {
      const begun = performance.now();
      await autoscaler.evaluate({ kind: "reconcile" }, { signal });
      took.push(performance.now() - begun);
      answers.push(await ask());
    }
    return { took: quantile(took, 0.5), answers: quantile(answers, 0.5) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Measures how long GET /status takes, in ms, and how much memory the autoscaler uses after its first observation of a
 * fleet, in MiB.
 */
async function statusCost(fleet: Fleet): Promise<{ readonly status: number; readonly mib: number }> {
  await using kas = await kasRig(fleet, { flags: ["--dry-run"] });
  const times: number[] = [];
  for (let n = 0; n < 20; n++) {
    const begun = performance.now();
    await (await fetch(`${kas.url}/status`)).text();
    times.push(performance.now() - begun);
  }
  return { status: quantile(times, 0.5), mib: await memory(kas.pid) };
}

async function run({ quick }: Options): Promise<Result> {
  const [sizes, times] = quick ? [SIZES.slice(0, 3), 2] : [SIZES, 5];
  const clis = await awsClis();
  const rows: Cell[][] = [];
  const listings: Table[] = [];
  const goals: Goal[] = [];
  let before: { readonly size: number; readonly own: number } | undefined;
  for (const size of sizes) {
    await using fleet = await fleetOf({ size, speed: 1, answering: false });
    const { out, in: less } = decideTimes(size);
    const { took, answers } = await reconcile(fleet, size > 1_000 ? times : 3 * times);
    const { status, mib } = await statusCost(fleet);
    const own = took - answers;
    rows.push([size, out, less, took, answers, (own * 1_000) / size, status, mib]);
    if (before !== undefined && before.size >= 1_000) {
      const growth = own / before.own / (size / before.size);
      goals.push({
        goal: `A reconcile takes linear time (${before.size.toLocaleString("en")} to ${
          size.toLocaleString("en")
        } instances)`,
        found: `${growth.toFixed(2)} times linear`,
        met: growth <= LINEAR,
      });
    }
    before = { size, own };
    if (size === 100) continue;
    const taken = await list(fleet, [kasLister, ...clis], times);
    listings.push(listingTable(size, taken));
    goals.push(...listingGoals(size, taken));
  }
  return {
    part: "scale",
    title: "Fleet size",
    how:
      "Fleets in the sandbox, half of each in service. A reconcile is measured from its first request to the decision in the journal; AWS's " +
      "share is the same requests without kas. Of 10,000 instances 2,500 have alarms: CloudWatch keeps 5,000. Listing: as JSON, in " +
      "turns, from the start of a process to its end. kas also reads the load balancer; the AWS CLI reads the instances only. " +
      "Peak memory is of one run, by GNU time.",
    tables: [
      {
        title: "Decisions, reconciles and the status",
        columns: [
          "instances",
          "decide to scale out, µs",
          "decide to scale in, µs",
          "reconcile, ms",
          "AWS's share, ms",
          "kas's share per instance, µs",
          "/status, ms",
          "autoscaler, MiB",
        ],
        rows,
      },
      ...listings,
    ],
    goals,
    notes: [
      ...clis.length === 0 ? ["The AWS CLI was skipped: aws is not on the PATH."] : [],
      ...binary().met ? [] : [`kas ran from its source: ${binary().what}.`],
    ],
    panels: [],
  };
}

/** As the fleet grows. */
export const scale: Part = { name: "scale", needs: [], run };
