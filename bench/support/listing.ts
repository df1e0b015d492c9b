/**
 * Measures time and memory of `kas admin instances`, and of `aws ec2 describe-instances` in both versions of the AWS
 * CLI, by fleet size.
 *
 * @module
 */
import { BUILT, execute } from "../../tests/support/kas.ts";
import { installed } from "../../tests/support/needs.ts";
import type { Fleet } from "./fleet.ts";
import { canMeasurePeak, peakMemory, timed } from "./process.ts";
import { type Cell, type Goal, type Measured, measured, share, type Table } from "../report/result.ts";

/** The largest share of the AWS CLI's time that kas may take, by fleet size. */
const GOALS: Readonly<Record<number, number>> = { 10: 1 / 4, 10_000: 1 };

/** A command that lists instances. */
export interface Lister {
  readonly name: string;
  readonly words: readonly string[];
}

const KAS = "kas admin instances";

/** kas. */
export const kasLister: Lister = { name: KAS, words: [...BUILT, "admin", "instances"] };

/**
 * Returns every AWS CLI on the PATH, by version. If an AWS CLI is a pyenv shim, returns the real program, because the
 * measurement would include the shim's own start-up.
 */
export async function awsClis(): Promise<Lister[]> {
  const found: Lister[] = [];
  for (const path of installed("aws")) {
    const real = path.includes("/shims/") ? (await execute(["pyenv", "which", "aws"])).stdout.trim() : path;
    const { code, stdout, stderr } = await execute([real, "--version"]);
    const [, version] = /aws-cli\/(\S+)/.exec(stdout + stderr) ?? [];
    if (code !== 0 || version === undefined) continue;
    found.push({
      name: `aws ec2 describe-instances (AWS CLI ${version})`,
      words: [real, "ec2", "describe-instances"],
    });
  }
  return found;
}

/** The durations of a listing in ms, run by run, and its peak memory in MiB. */
export interface Taken {
  readonly ms: readonly number[];
  readonly peak: number | undefined;
}

/** Lists a fleet with each command in turns. */
export async function list(
  fleet: Fleet,
  listers: readonly Lister[],
  times: number,
): Promise<Map<string, Taken>> {
  const { env, url, account } = fleet.sandbox;
  const size = account.instances().length;
  const words = (lister: Lister) => [...lister.words, "--output", "json", "--endpoint-url", url];
  const taken: (Taken & { readonly ms: number[]; readonly lister: Lister })[] = [];
  for (const lister of listers) {
    // This run fills the page cache for the others.
    const peak = canMeasurePeak() ? await peakMemory(words(lister), env) : undefined;
    taken.push({ lister, peak, ms: [] });
  }
  for (let n = 0; n < times; n++) {
    for (const { lister, ms } of taken) {
      const cost = await timed(words(lister), env);
      const ids = new Set(cost.ended.stdout.match(/i-[0-9a-f]{17}/g));
      if (ids.size !== size) throw new Error(`${lister.name} listed ${ids.size} of ${size}`);
      ms.push(cost.ms);
    }
  }
  return new Map(taken.map(({ lister: { name }, ...it }) => [name, it]));
}

/** Returns the table for a fleet size. */
export function listingTable(size: number, taken: ReadonlyMap<string, Taken>): Table {
  return {
    title: `Listing ${size.toLocaleString("en")} instances`,
    columns: ["", "ms", "kas's time divided by this", "peak, MiB"],
    rows: [...taken].map((
      [name, { ms, peak }],
    ): Cell[] => [name, measured(ms), ratio(taken, name), peak ?? NaN]),
  };
}

/** Returns the goals for a fleet size, one for each AWS CLI. */
export function listingGoals(size: number, taken: ReadonlyMap<string, Taken>): Goal[] {
  const most = GOALS[size];
  if (most === undefined) return [];
  return [...taken.keys()].filter((name) => name !== KAS).map((name) => {
    const { median } = ratio(taken, name);
    return {
      goal: `kas admin instances, ${
        size.toLocaleString("en")
      } instances: at most ${most} of the time of ${name}`,
      found: median.toFixed(2),
      met: median <= most,
    };
  });
}

function ratio(taken: ReadonlyMap<string, Taken>, name: string): Measured {
  return share(taken.get(KAS)?.ms ?? [], taken.get(name)?.ms ?? []);
}
