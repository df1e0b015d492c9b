/**
 * The scenario: kas's rules and others' against loads, in virtual time.
 *
 * @module
 */
import type { Options, Panel, Part, Result, Table } from "./result.ts";
import { CPU } from "./scenario/alarms.ts";
import { stepScaling, targetTracking } from "./scenario/auto_scaling.ts";
import { kas } from "./scenario/kas.ts";
import { type Load, nineSteps, recorded } from "./scenario/loads.ts";
import type { Plant } from "./scenario/plant.ts";
import { play, type Policy, type Tally } from "./scenario/play.ts";
import { predecessor } from "./scenario/predecessor.ts";

/** Where recorded loads are looked for: CSV files from the Numenta Anomaly Benchmark. */
const TRACES = new URL("../../shared/traces/", import.meta.url);

const KAS = "kas";

/** Who is held against the loads. */
const POLICIES: readonly (readonly [name: string, make: (plant: Plant) => Policy])[] = [
  [KAS, kas()],
  ["the predecessor", predecessor],
  ["EC2 Auto Scaling, steps", stepScaling],
  ["EC2 Auto Scaling, target 50 %", targetTracking(50)],
  [`EC2 Auto Scaling, target ${CPU.high} %`, targetTracking(CPU.high)],
];

/** What is counted, the fewer the better. */
const COUNTED = [
  ["under", "under-provisioned, s"],
  ["over", "over-provisioned, instance-s"],
  ["starts", "starts"],
  ["stops", "stops"],
] as const satisfies readonly (readonly [keyof Tally, string])[];

/** A load, and what came of it by each policy. */
export interface Played {
  readonly load: Pick<Load, "name" | "fleet" | "seconds">;
  readonly tallies: readonly (readonly [policy: string, tally: Tally])[];
}

/** The table of a load. */
export function table({ load: { name, fleet, seconds }, tallies }: Played): Table {
  const long = seconds >= 86_400 ? `${seconds / 86_400} days` : `${seconds / 60} min`;
  return {
    title: `${name}: ${long}, ${fleet} instances`,
    columns: ["policy", ...COUNTED.map(([, title]) => title)],
    rows: tallies.map(([policy, tally]) => [policy, ...COUNTED.map(([key]) => tally[key])]),
  };
}

/** Where kas does worse than another, and than which one the most. */
export function losses({ load, tallies }: Played): string[] {
  const own = tallies.find(([policy]) => policy === KAS)?.[1];
  const said = own === undefined ? [] : COUNTED.flatMap(([key, title]) => {
    const [best] = tallies.toSorted(([, a], [, b]) => a[key] - b[key]);
    if (best === undefined || best[1][key] >= own[key]) return [];
    return [`${title}: ${own[key].toLocaleString("en")}, ${best[0]} ${best[1][key].toLocaleString("en")}`];
  });
  return said.length === 0 ? [] : [`kas loses on ${load.name}: ${said.join("; ")}.`];
}

/** Panels of the chart: the sums over the recorded loads, in hours. */
function panels(all: readonly Played[]): Panel[] {
  const sum = (key: keyof Tally, policy: string) =>
    all.flatMap(({ tallies }) => tallies).filter(([name]) => name === policy)
      .reduce((sum, [, tally]) => sum + tally[key], 0) / 3_600;
  const panel = (key: keyof Tally, title: string, unit: string): Panel => ({
    title,
    unit,
    better: "less",
    bars: POLICIES.map(([label]) => ({ label, value: sum(key, label), ours: label === KAS })),
  });
  return [
    panel("under", "The scenario: too few in service", "hours"),
    panel("over", "The scenario: paid for and not needed", "instance-hours"),
  ];
}

/** The recorded loads, the first few of them where it must be quick; none where there are none. */
async function recordedLoads(most: number): Promise<Load[]> {
  const files: string[] = [];
  try {
    for await (const { name } of Deno.readDir(TRACES)) if (name.endsWith(".csv")) files.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return await Promise.all(
    files.toSorted().slice(0, most).map(async (file) =>
      recorded(file.replace(/\.csv$/, ""), await Deno.readTextFile(new URL(file, TRACES)))
    ),
  );
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
      `Loads in virtual time against a plant of instances (bench/scenario/plant.ts). What is needed is the fewest ` +
      `instances of which none is ${CPU.high} % busy, and one at least. Under-provisioned: seconds with fewer in service. ` +
      `Over-provisioned: instance-seconds paid for beyond it, booting and draining included. All have the same minute ` +
      `datapoints, boot times of 40 to 80 s and, but for target tracking, thresholds (${CPU.low} and ${CPU.high} %). kas is ` +
      "the production decide() with its defaults; the others are as described in bench/scenario/predecessor.ts and " +
      "auto_scaling.ts. The recorded loads are scaled so that their peak just takes the fleet. The model is no machine: " +
      "datapoints come at once, all instances are alike, and work not done is not caught up.",
    tables: all.map(table),
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
