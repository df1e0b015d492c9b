/**
 * `deno task bench [PART…] [--quick]` measures kas beside its peers. A full run writes RESULTS.md, results.json and results.svg in this
 * folder. A run of named parts, or with `--quick`, only prints its results.
 *
 * @module
 */
import { BUILT, execute } from "../tests/support/kas.ts";
import { chart } from "./report/chart.ts";
import { fleets } from "./parts/fleets.ts";
import { burst } from "./parts/burst.ts";
import { learner } from "./parts/learner.ts";
import { loaded } from "./parts/loaded.ts";
import { ping } from "./parts/ping.ts";
import { reaction } from "./parts/reaction.ts";
import { goalsTable, report, section, type Setting } from "./report/report.ts";
import type { Part, Result } from "./report/result.ts";
import { scale } from "./parts/scale.ts";
import { scenario } from "./parts/scenario.ts";
import { isInstalled } from "./support/servers.ts";
import { startup } from "./parts/startup.ts";
import { work } from "./parts/work.ts";

const PARTS: readonly Part[] = [
  ping,
  loaded,
  work,
  startup,
  reaction,
  fleets,
  scale,
  burst,
  learner,
  scenario,
];

/** The programs that the bench uses, each with the command that prints its version. */
const PROGRAMS = [
  [...BUILT, "--version"],
  ["nginx", "-v"],
  ["wrk", "-v"],
  ["node", "--version"],
  ["python3", "--version"],
  ["gcc", "-dumpfullversion"],
] as const;

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

async function main(args: readonly string[]): Promise<number> {
  const quick = args.includes("--quick");
  const names = args.filter((word) => word !== "--quick");
  const unknown = names.find((word) => PARTS.every(({ name }) => name !== word));
  if (unknown !== undefined) {
    say(`unknown part ${unknown}; try: ${PARTS.map(({ name }) => name).join(", ")}, --quick`);
    return 2;
  }
  const begun = performance.now();
  const results: Result[] = [];
  for (const part of PARTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const absent = part.needs.filter((program) => !isInstalled(program));
    const result = absent.length === 0 ? await part.run({ quick }) : skipped(part, absent);
    say([...section(result), ...goalsTable(result.goals)].join("\n"));
    results.push(result);
  }
  if (quick || names.length > 0) return 0;
  const setting = await settingOf((performance.now() - begun) / 1_000);
  const write = (name: string, text: string) => Deno.writeTextFile(new URL(name, import.meta.url), text);
  await write("RESULTS.md", report(setting, results));
  await write("results.json", JSON.stringify({ setting, results }, null, 2) + "\n");
  await write("results.svg", chart(results.flatMap(({ panels }) => panels)));
  return 0;
}

/** Returns the result of a part that was skipped because a program is missing. */
function skipped({ name }: Part, absent: readonly string[]): Result {
  const how = `Skipped: ${absent.join(" and ")} not found on the PATH.`;
  return { part: name, title: name, how, tables: [], goals: [], notes: [], panels: [] };
}

/** Returns the machine and the versions of the programs. */
async function settingOf(seconds: number): Promise<Setting> {
  const versions: Record<string, string> = { deno: Deno.version.deno };
  for (const words of PROGRAMS) {
    const [program] = words;
    const { stdout, stderr } = isInstalled(program) ? await execute(words) : { stdout: "", stderr: "" };
    const [, version] = /(\d+(?:\.\d+)+)/.exec(stdout + stderr) ?? [];
    versions[program.replace(/^.*\//, "")] = version ?? "absent";
  }
  const model = /^model name\s*:\s*(.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo"))?.[1];
  const { total } = Deno.systemMemoryInfo();
  const machine = `${navigator.hardwareConcurrency} CPUs (${model ?? Deno.build.arch}), ` +
    `${Math.round(total / 2 ** 30)} GiB, ${Deno.build.os} ${Deno.osRelease()}`;
  return { at: new Date().toISOString(), machine, versions, seconds };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
