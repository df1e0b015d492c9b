/**
 * `kas admin backtest`: plays a recorded load against scaling policies in virtual time, and compares them.
 *
 * @module
 */
import { limitsOf } from "../../autoscaler/flags/limits.ts";
import { command, UsageError } from "../../cli/command.ts";
import type { Output } from "../../cli/output.ts";
import { flag, integer, oneOf, positive, text } from "../../cli/parsers.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import { instancesNeeded, type Load, loadOf, peakOf, seriesOf } from "../../scaling/simulate/load/load.ts";
import { play } from "../../scaling/simulate/play.ts";
import { UNKIND, type World } from "../../scaling/simulate/world.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { ACCOUNT_OPTIONS } from "../account.ts";
import { adviceOf, riskOf } from "./advice.ts";
import { type Candidate, candidateOf } from "./candidates.ts";
import { historyLength } from "./load/history.ts";
import { type BacktestLoad, readLoad } from "./load/load.ts";
import { secondsRange, wholeSeconds } from "./parsers.ts";
import { writeChart, writeSeries } from "./pictures.ts";
import { COLUMNS, OPTIONAL_COLUMNS, type Result, rowOf } from "./rows.ts";
import { DEFAULT_SPECS, FORMS, parseSpec } from "./specs.ts";

/** The largest fleet that a backtest simulates. */
const MOST_INSTANCES = 1_000;

const OPTIONS = {
  load: {
    placeholder: "FILE",
    help: "the load: CSV rows of seconds,value or timestamp,value; each value applies until the next one",
    parse: text,
    excludes: "history",
  },
  history: {
    placeholder: "TIME",
    help: "the load of the fleet's instances in the last days, such as 14d, from CloudWatch's CPU",
    parse: historyLength,
    excludes: "journal",
  },
  journal: {
    help: "the load of the last 15 days in the autoscaler's journal, from the state folder",
    default: "false",
    parse: flag,
    excludes: "load",
  },
  perInstance: {
    placeholder: "N",
    help:
      "how much of a value one instance carries at 100 % CPU (default: 1, so that the values are instances)",
    parse: positive,
  },
  policy: {
    placeholder: "SPEC",
    help: `a policy to compare, repeatable: ${FORMS.join(", ")} (default: ${DEFAULT_SPECS.join(", ")})`,
    parse: parseSpec,
    repeat: true,
    choices: FORMS,
  },
  fleetSize: {
    placeholder: "N",
    help:
      "how many instances the fleet has (default: as many as the fleet has, or as the peak of the load needs)",
    parse: integer(1, MOST_INSTANCES),
  },
  observe: {
    placeholder: "TIME",
    help: "how kas observes the load: 10s by scrapes, 60s by CloudWatch's detailed monitoring",
    default: "10s",
    choices: ["10s", "60s"],
    parse: oneOf("10s", "60s"),
  },
  metricDelay: {
    placeholder: "TIME",
    help: "how late the metrics of all policies are; CloudWatch's are usually 60s to 180s late",
    default: "0s",
    parse: wholeSeconds,
  },
  boot: {
    placeholder: "TIME-TIME",
    help: "how long an instance takes from its start until it answers, at least and at most",
    default: "40s-80s",
    parse: secondsRange,
  },
  chart: { placeholder: "FILE", help: "also draw the policies into this SVG file", parse: text },
  series: {
    placeholder: "FILE",
    help: "also write the demand, the need and the instances in service over time into this CSV file",
    parse: text,
  },
  state: SETTINGS.state,
  min: SETTINGS.min,
  max: SETTINGS.max,
  policies: SETTINGS.policies,
  warmup: SETTINGS.warmup,
  cooldownOut: SETTINGS.cooldownOut,
  cooldownIn: SETTINGS.cooldownIn,
  resync: SETTINGS.resync,
  ...ACCOUNT_OPTIONS,
} as const;

/** The command `kas admin backtest`. */
export const backtest = command({
  name: "backtest",
  summary: "Compare scaling policies on a recorded load, and recommend one",
  description:
    "Simulates the fleet second by second in virtual time, with the autoscaler's own decisions. kas needs an AWS account only for\n" +
    "--history. All policies start with the minimum capacity. The load needs so many instances that each has at most 80 % CPU.\n\n" +
    "UNDER_S is the time with fewer instances than needed, and OVER_INSTANCE_S the instance-seconds beyond the need. UNDER_SHARE\n" +
    "and OVER_SHARE are their shares of the time and of the needed instance-seconds. THETA and TAU are SPEC's elasticity metrics,\n" +
    "in percent. COST is that of the billed instances. docs/backtest.md describes the policies and the measures.\n\n" +
    "The last lines name the cheapest of kas's policies that kept the risk of the first adaptive policy (default: 1.5 %), and its\n" +
    "configuration.",
  options: OPTIONS,
  examples: [
    "admin backtest --load requests.csv --per-instance 120 --policy target:60 --policy ec2-target:60 --chart load.svg",
    "admin backtest --history 14d --policy config --policy adaptive:1.5%",
    "admin backtest --journal --state /var/lib/kas --metric-delay 90s",
  ],
  run: async (context) => {
    const { flags, out, signal } = context;
    const limits = simulatedLimits(flags);
    const specs = flags.policy.length > 0 ? flags.policy : DEFAULT_SPECS.map(parseSpec);
    const recorded = await readLoad(flags, context);
    const load = sizedLoad(recorded, flags);
    const bounds = { min: flags.min ?? 1, max: Math.min(flags.max ?? load.fleet, load.fleet) };
    if (bounds.min > bounds.max) {
      throw new UsageError(
        `--min ${bounds.min} is more than the ${bounds.max} instances of the fleet`,
        "--fleet-size N",
      );
    }
    const candidates = specs.map((spec) => candidateOf(spec, limits, bounds));
    for (const note of recorded.notes) out.note(note);
    if (flags.metricDelay === 0) {
      out.note(
        "CloudWatch's metrics are not late in this simulation. --metric-delay 90s shows how late metrics change it",
      );
    }
    const results = await playAll(load, candidates, worldOf(flags), { min: bounds.min, out, signal });
    await out.table(COLUMNS, results.map((result) => rowOf(result, recorded.tariff)), OPTIONAL_COLUMNS);
    if (flags.chart !== undefined) await writeChart(flags.chart, load, results);
    if (flags.series !== undefined) await writeSeries(flags.series, load, results);
    const { sentence, configuration } = adviceOf(results, riskOf(specs));
    out.note(recorded.tariff.note);
    out.note(sentence);
    if (configuration !== undefined) out.note(configuration);
  },
});

/** The values of the options that the simulation depends on. */
interface Flags {
  readonly perInstance: number | undefined;
  readonly fleetSize: number | undefined;
  readonly observe: "10s" | "60s";
  readonly metricDelay: number;
  readonly boot: World["boot"];
}

/** Returns the limits of the simulated autoscaler. */
function simulatedLimits(
  flags: Pick<Limits, "warmup" | "cooldownOut" | "cooldownIn" | "resync"> & {
    readonly min: number | undefined;
    readonly max: number | undefined;
    readonly policies: Limits["policies"];
    readonly metricDelay: number;
  },
): Limits {
  const assumed = SETTINGS.metricDelay.parse(SETTINGS.metricDelay.default);
  return limitsOf({
    ...flags,
    grow: undefined,
    shrink: "stop",
    unhealthyAfter: SETTINGS.unhealthyAfter.parse(SETTINGS.unhealthyAfter.default),
    metricDelay: Math.max(assumed, flags.metricDelay * 1_000),
  });
}

/** Returns the load on a fleet of the right size. */
function sizedLoad({ rows, fleet }: BacktestLoad, { perInstance = 1, fleetSize }: Flags): Load {
  const series = seriesOf(rows);
  const needed = instancesNeeded(peakOf(series) / perInstance, Infinity);
  const size = fleetSize ?? fleet ?? needed;
  if (size > MOST_INSTANCES) {
    throw new UsageError(
      `The peak of the load needs ${needed} instances, and a backtest simulates at most ${MOST_INSTANCES}`,
      "--per-instance N, --fleet-size N",
    );
  }
  return loadOf(series, perInstance, size);
}

function worldOf({ observe, metricDelay, boot }: Flags): World {
  return { ...UNKIND, metricDelay, boot, ...(observe === "10s" ? { scrapeDelay: metricDelay } : {}) };
}

/** Plays the load against each policy. */
async function playAll(
  load: Load,
  candidates: readonly Candidate[],
  world: World,
  { min, out, signal }: { readonly min: number; readonly out: Output; readonly signal: AbortSignal },
): Promise<Result[]> {
  const results: Result[] = [];
  for (const candidate of candidates) {
    out.progress(`Simulating ${candidate.name} (${results.length + 1} of ${candidates.length})`);
    // A simulation takes seconds. In between, the process can receive a signal.
    await new Promise((resolve) => setTimeout(resolve, 0));
    signal.throwIfAborted();
    results.push({ candidate, ...play(load, candidate.policy, { world, inService: min }) });
  }
  return results;
}
