/**
 * The scenario: compares the scaling rules of kas and of other autoscalers under the same loads, in virtual time.
 *
 * @module
 */
import type { Options, Panel, Part, Result, Table } from "../report/result.ts";
import { kas } from "../scenario/kas.ts";
import { judgeAll, meanOf, MODES } from "../scenario/modes.ts";
import { type NamedLoad, nineSteps, recordedLoad } from "../scenario/loads.ts";
import { UNKIND } from "../../src/scaling/simulate/world.ts";
import { THRESHOLDS } from "../../src/scaling/simulate/alarms.ts";
import type { Measures } from "../../src/scaling/simulate/measures.ts";
import { stepScaling, targetTracking } from "../../src/scaling/simulate/peers/auto_scaling.ts";
import { play, type Policy } from "../../src/scaling/simulate/play.ts";
import { predecessor } from "../scenario/predecessor.ts";

/** Recorded loads: CSV files from the Numenta Anomaly Benchmark. */
const TRACES = new URL("../../../shared/traces/", import.meta.url);

const KAS = "kas";

/** The policies that are compared. */
const POLICIES: readonly (readonly [name: string, make: Policy])[] = [
  [KAS, kas()],
  ["the predecessor", predecessor],
  ["EC2 Auto Scaling, steps", stepScaling()],
  ["EC2 Auto Scaling, target 50 %", targetTracking(50)],
  [`EC2 Auto Scaling, target ${THRESHOLDS.cpuhigh} %`, targetTracking(THRESHOLDS.cpuhigh)],
];

const { metricDelay, boot, bootCpu } = UNKIND;

/** The measures that the tables show. */
type Counted = Pick<Measures, "under" | "over" | "starts" | "stops">;

/** The figures that are counted. Lower figures are better. */
const COUNTED = [
  ["under", "under-provisioned, s"],
  ["over", "over-provisioned, instance-s"],
  ["starts", "starts"],
  ["stops", "stops"],
] as const satisfies readonly (readonly [keyof Counted, string])[];

/** A load, and the results of each policy. */
export interface Played {
  readonly load: Pick<NamedLoad, "name" | "fleet" | "seconds">;
  readonly tallies: readonly (readonly [policy: string, tally: Counted])[];
}

/** Returns the table of a load. */
export function table({ load: { name, fleet, seconds }, tallies }: Played): Table {
  const long = seconds >= 86_400 ? `${seconds / 86_400} days` : `${seconds / 60} min`;
  return {
    title: `${name}: ${long}, ${fleet} instances`,
    columns: ["policy", ...COUNTED.map(([, title]) => title)],
    rows: tallies.map(([policy, tally]) => [policy, ...COUNTED.map(([key]) => tally[key])]),
  };
}

/** Returns the figures in which another policy is better than kas, with the best policy. */
export function losses({ load, tallies }: Played): string[] {
  const own = tallies.find(([policy]) => policy === KAS)?.[1];
  const said = own === undefined ? [] : COUNTED.flatMap(([key, title]) => {
    const [best] = tallies.toSorted(([, a], [, b]) => a[key] - b[key]);
    if (best === undefined || best[1][key] >= own[key]) return [];
    return [`${title}: ${own[key].toLocaleString("en")}, ${best[0]} ${best[1][key].toLocaleString("en")}`];
  });
  return said.length === 0 ? [] : [`kas loses on ${load.name}: ${said.join("; ")}.`];
}

/** Returns the panels of the chart: sums over the recorded loads, in hours. */
function panels(all: readonly Played[]): Panel[] {
  const sum = (key: keyof Counted, policy: string) =>
    all.flatMap(({ tallies }) => tallies).filter(([name]) => name === policy)
      .reduce((sum, [, tally]) => sum + tally[key], 0) / 3_600;
  const panel = (key: keyof Counted, title: string, unit: string): Panel => ({
    title,
    unit,
    better: "less",
    bars: POLICIES.map(([label]) => ({ label, value: sum(key, label), ours: label === KAS })),
  });
  return [
    panel("under", "The scenario: too few instances in service", "hours"),
    panel("over", "The scenario: instances in service and not needed", "instance-hours"),
  ];
}

/** Reads at most `most` recorded loads. Returns none if the files do not exist. */
async function recordedLoads(most: number): Promise<NamedLoad[]> {
  const files: string[] = [];
  try {
    for await (const { name } of Deno.readDir(TRACES)) if (name.endsWith(".csv")) files.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return await Promise.all(
    files.toSorted().slice(0, most).map(async (file) =>
      recordedLoad(file.replace(/\.csv$/, ""), await Deno.readTextFile(new URL(file, TRACES)))
    ),
  );
}

/** Returns a table for each family and mode: the ratios on each load, and their geometric means. */
function verdicts(loads: readonly NamedLoad[], modes: readonly (keyof typeof MODES)[]): Table[] {
  return modes.flatMap((mode) =>
    [...judgeAll(loads, MODES[mode])].map(([family, judged]): Table => ({
      title: `kas's ${family} policy against EC2 target tracking, load observed every ${mode}`,
      columns: [
        "load",
        "under-provisioned at equal over-provisioning",
        "over-provisioned at equal under-provisioning",
        "starts at equal over-provisioning",
      ],
      rows: [...judged, { load: "geometric mean", ratios: meanOf(judged) }].map(({ load, ratios }) => [
        load,
        ...[ratios.under, ratios.over, ratios.starts].map(ratioText),
      ]),
    }))
  );
}

/** Formats a ratio. The two policies may have no results that can be compared. */
function ratioText(ratio: number): string {
  return Number.isNaN(ratio) ? "not comparable" : `${ratio.toFixed(2)} ×`;
}

async function run({ quick }: Options): Promise<Result> {
  const loads = [nineSteps(), ...await recordedLoads(quick ? 1 : Infinity)];
  const all = loads.map((load): Played => ({
    load,
    tallies: POLICIES.map(([policy, make]) => [policy, play(load, make)]),
  }));
  return {
    part: "scenario",
    title: "The scenario",
    how:
      `Loads in virtual time on a simulated fleet (src/scaling/simulate). A load needs as many instances as keep each ` +
      `one below ${THRESHOLDS.cpuhigh} % CPU, and at least one. Under-provisioned: seconds with fewer in service. ` +
      `Over-provisioned: instance-seconds in service beyond that. All policies have the same ` +
      `datapoints each minute, ${metricDelay} s late, boot times of ${
        boot.join(" to ")
      } s at ${bootCpu} % CPU and, except target ` +
      `tracking, thresholds of ${THRESHOLDS.cpulow} and ` +
      `${THRESHOLDS.cpuhigh} %. kas is the production decide() with its defaults; bench/scenario/predecessor.ts and src/scaling/simulate/peers ` +
      "describe the others. The recorded loads are scaled so that their peak just takes the fleet. The simulation is " +
      "simple: all instances are alike, and work that is not done is not caught up. The last tables compare kas's policies with EC2 " +
      "target tracking at 40 to 80 %, which scales in below 70 % of its target: a ratio below 1 is better. Values between two " +
      "targets or risks are interpolated, and the mean over EC2's targets is geometric.",
    tables: [
      ...all.map(table),
      ...verdicts(loads.slice(1), quick ? ["60 s"] : ["60 s", "10 s", "60 s, 60 s late"]),
    ],
    goals: [],
    notes: [
      ...all.flatMap(losses),
      ...(loads.length === 1 ? ["No recorded loads were found; only the nine steps were played."] : []),
    ],
    panels: panels(loads.length === 1 ? all : all.slice(1)),
  };
}

/** The scenario. */
export const scenario: Part = { name: "scenario", needs: [], run };
