/**
 * The measures of the simulation equal those that measures.py computes from the same loads and series. The script is written from the
 * definitions of the measures alone, shares no code with the simulation, and computes with exact fractions.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { kas } from "../../../bench/scenario/kas.ts";
import { recordedLoad } from "../../../bench/scenario/loads.ts";
import { MODES } from "../../../bench/scenario/modes.ts";
import { readRows } from "../../../src/scaling/simulate/load/csv.ts";
import { type Load, loadOf, seriesOf } from "../../../src/scaling/simulate/load/load.ts";
import type { Measures } from "../../../src/scaling/simulate/measures.ts";
import { targetTracking } from "../../../src/scaling/simulate/peers/auto_scaling.ts";
import { DEFAULT_STABILIZATION, type TargetSpec } from "../../../src/scaling/model/load/policy.ts";
import { play, type Policy } from "../../../src/scaling/simulate/play.ts";
import type { World } from "../../../src/scaling/simulate/world.ts";
import { seededRandom } from "../../../src/scaling/simulate/random.ts";
import { BUILT, execute } from "../../support/kas.ts";
import { file, program, testWith } from "../../support/needs.ts";

const SCRIPT = new URL("measures.py", import.meta.url).pathname;

/** The script's names of the simulation's measures. */
const NAMES = {
  under: "under_s",
  over: "over_instance_s",
  underShare: "under_share",
  overShare: "over_share",
  thetaU: "theta_u",
  thetaO: "theta_o",
  tauU: "tau_u",
  tauO: "tau_o",
  billed: "billed_instance_s",
} as const satisfies Partial<Record<keyof Measures, string>>;

/** The largest difference of a measure, as a share of it. The simulation adds up to 604,800 floating-point numbers. */
const ROUNDING = 1e-9;

const TARGET: TargetSpec = {
  type: "target",
  metric: "cpu",
  target: 60,
  stabilization: DEFAULT_STABILIZATION,
};

/** The columns of `kas admin backtest`, and with how many decimals it prints them. */
const DECIMALS = [
  ["under_s", 0],
  ["over_instance_s", 0],
  ["under_share", 5],
  ["over_share", 4],
  ["theta_u", 3],
  ["theta_o", 3],
  ["tau_u", 3],
  ["tau_o", 3],
] as const;

/** The policies, each with what it sees. Two are kas's, and one is the peer. */
const POLICIES: Readonly<Record<string, readonly [Policy, World]>> = {
  "alarms": [kas(), MODES["60 s, 60 s late"]],
  "target 60 %": [kas({ policies: [TARGET] }), MODES["10 s"]],
  "EC2's target tracking": [targetTracking(50), MODES["60 s"]],
};

/** The number of instances of the made load's fleet. */
const FLEET = 12;

const TRACES = [
  "nab-Twitter_volume_AMZN.csv",
  "nab-art_load_balancer_spikes.csv",
  "nab-cpu_utilization_asg_misconfiguration.csv",
  "nab-ec2_cpu_utilization_5f5533.csv",
  "nab-elb_request_count_8c0756.csv",
];

for (const trace of TRACES) {
  const path = `../shared/traces/${trace}`;
  testWith(
    [program("python3"), file(path)],
    `an independent script finds the simulation's measures of a week of ${trace}`,
    async () => {
      const csv = await Deno.readTextFile(new URL(`../../../${path}`, import.meta.url));
      await compare(recordedLoad(trace, csv), csv, ["--peak", "16", "--fleet", "20"]);
    },
  );
}

testWith(
  [program("python3")],
  "an independent script finds the simulation's measures of a load that needs exact numbers of instances",
  async () => {
    const csv = madeLoad();
    const load = loadOf(seriesOf(readRows(csv)), 1, FLEET);
    await compare(load, csv, ["--peak", "0", "--fleet", `${FLEET}`]);
  },
);

testWith(
  [program("python3")],
  "an independent script finds the table of kas admin backtest in the series that it writes",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "kas-measures-" });
    try {
      await Deno.writeTextFile(`${folder}/load.csv`, madeLoad());
      const files = ["--load", `${folder}/load.csv`, "--series", `${folder}/all.csv`];
      const specs = ["alarms", "target:60", "adaptive:1.5%", "ec2-step", "oracle"];
      const policies = specs.flatMap((spec) => ["--policy", spec]);
      const size = ["--fleet-size", `${FLEET}`];
      const words = [...BUILT, "admin", "backtest", ...files, ...size, ...policies, "--output", "json"];
      const { code, stdout, stderr } = await execute(words);
      assertEquals(code, 0, stderr);
      const table: Readonly<Record<string, number>>[] = JSON.parse(stdout);
      assertEquals(table.map(({ policy }) => String(policy)), specs);
      const rows = (await Deno.readTextFile(`${folder}/all.csv`)).trimEnd().split("\n").slice(1)
        .map((row) => row.split(","));
      for (const [i, row] of table.entries()) {
        // The command does not write how many instances EC2 bills.
        const series = rows.map(([second, , , ...inService]) => `${second},${inService[i]},0\n`).join("");
        await Deno.writeTextFile(`${folder}/series.csv`, `seconds,in_service,billed\n${series}`);
        const found = await measure(folder, ["--peak", "0", "--fleet", `${FLEET}`]);
        for (const [column, decimals] of DECIMALS) {
          assertEquals(row[column], Number(found[column]?.toFixed(decimals)), `${row["policy"]}: ${column}`);
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** Runs the script on the load and the series in a folder. Returns the measures by name. */
async function measure(
  folder: string,
  options: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const words = ["python3", SCRIPT, `${folder}/load.csv`, `${folder}/series.csv`, ...options];
  const { code, stdout, stderr } = await execute(words);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Plays a load against each policy, and compares all measures with the script's. */
async function compare(load: Load, csv: string, options: readonly string[]): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "kas-measures-" });
  try {
    await Deno.writeTextFile(`${folder}/load.csv`, csv);
    for (const [name, [policy, world]] of Object.entries(POLICIES)) {
      const { measures, series } = played(load, policy, world);
      await Deno.writeTextFile(`${folder}/series.csv`, series);
      const found = await measure(folder, options);
      for (const [key, column] of Object.entries(NAMES)) {
        const expected = found[column] ?? NaN;
        const actual = measures[key as keyof typeof NAMES];
        const isEqual = Math.abs(actual - expected) <= Math.abs(expected) * ROUNDING;
        assert(isEqual, `${name}, ${column}: the simulation has ${actual}, and the script ${expected}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Plays a load, and returns the measures with a CSV file of the numbers of instances: a row for each change. */
function played(load: Load, policy: Policy, world: World): { measures: Measures; series: string } {
  const rows = ["seconds,in_service,billed"];
  let last = "";
  const measures = play(load, (fleet) => {
    const player = policy(fleet);
    const note = () => {
      const counts = `${fleet.inService},${fleet.billed}`;
      if (counts !== last) rows.push(`${fleet.now},${counts}`);
      last = counts;
    };
    note();
    return (arrived) => {
      player(arrived);
      note();
    };
  }, { world });
  return { measures, series: `${rows.join("\n")}\n` };
}

/**
 * Returns a load of two days in instances. Half of its values are loads of exactly n instances at 80 %, which rounding may turn into
 * n + 1. Some are zero, and some are more than the fleet.
 */
function madeLoad(): string {
  const random = seededRandom(17);
  const rows = ["seconds,value"];
  for (let at = 0; at < 2 * 86_400; at += 60 + Math.floor(random() * 600)) {
    const wave = (FLEET / 2) * (1 - Math.cos((2 * Math.PI * at) / 86_400)) * (0.7 + 0.6 * random());
    rows.push(`${at},${random() < 0.5 ? (0.8 * Math.round(wave)).toFixed(1) : wave.toFixed(3)}`);
  }
  return `${rows.join("\n")}\n`;
}
