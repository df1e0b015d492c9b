/**
 * `kas admin config`: prints the value of each setting, and where the value was set. `kas admin config check`: checks a config file.
 *
 * @module
 */
import type { ConfigFile, ConfigValues } from "../../settings/config_file.ts";
import { HIDDEN, isoTime } from "../../cli/format.ts";
import { type Flags, OPTIONS } from "../../autoscaler/flags/options.ts";
import { tuningOf } from "../../autoscaler/flags/tuning.ts";
import { command, ExitError, type Group, kebab, UsageError } from "../../cli/command.ts";
import { type Lookup, values } from "../../cli/flags.ts";
import type { Output } from "../../cli/output.ts";
import { type Setting, SETTINGS } from "../../settings/settings.ts";

const list = command({
  name: "list",
  summary: "Print the value of each setting, and where the value was set",
  description:
    'ORIGIN is "flag", the name of an environment variable, the path of a config file, or "default".',
  options: SETTINGS,
  run: async ({ origins, texts, out }) => {
    const settings: Readonly<Record<string, Setting<unknown>>> = SETTINGS;
    const rows = Object.entries(settings).map(([name, { secret }]) => ({
      name: kebab(name),
      // If neither --load-balancer nor --target-group is set, kas uses the load balancer with the fleet's name.
      value: secret && texts[name] !== undefined ? HIDDEN : texts[name] ??
        (name === "loadBalancer" && texts["targetGroup"] === undefined ? texts["fleet"] : undefined),
      origin: origins[name],
    }));
    await out.table(["name", "value", "origin"], rows);
  },
});

const check = command({
  name: "check",
  args: "FILE",
  summary: "Check a config file, and print each problem with its place in the file",
  description:
    "Use the command before a reload of the autoscaler. The exit status is 1 if the file is invalid.",
  options: {},
  examples: ["admin config check /etc/kas/kas.json"],
  run: async ({ args: [file = ""], out }) => {
    const { ConfigFileError, parseConfigFile } = await import("../../settings/config_file.ts");
    const content = read(file);
    let parsed: ConfigFile;
    try {
      parsed = parseConfigFile(content);
    } catch (cause) {
      if (!(cause instanceof ConfigFileError)) throw cause;
      await out.table(["place", "problem"], cause.problems.map((it) => ({ ...it })));
      throw new ExitError(`${file} is invalid`, 1, undefined, { cause });
    }
    const { shared, fleets } = parsed;
    const all = fleets.size === 0 ? [{ fleet: "", place: "", values: shared }] : Array.from(
      fleets,
      ([fleet, own], i) => ({ fleet, place: `fleets[${i}]`, values: { ...shared, ...own } }),
    );
    const problems = await Promise.all(all.map(async ({ place, values }) => {
      const problem = await contradictionIn(file, values);
      return problem === undefined ? [] : [{ place, problem }];
    }));
    if (problems.flat().length > 0) {
      await out.table(["place", "problem"], problems.flat());
      throw new ExitError(`${file} is invalid`);
    }
    out.note(`${file} is valid`);
    for (const { fleet, values } of all) await noteOverlaps(fleet, values["schedules"], out);
  },
});

/** Returns why the autoscaler would refuse the settings of a fleet, although each of them is valid. */
async function contradictionIn(file: string, texts: ConfigValues): Promise<string | undefined> {
  const lookup: Lookup = (name, { env }) => {
    const text = env === undefined ? undefined : texts[name];
    return text === undefined ? undefined : { text, origin: file };
  };
  try {
    const { flags } = await values(OPTIONS, new Map(), lookup);
    tuningOf(flags as Flags);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

/** Prints which schedules of a fleet overlap. `fleet` is "" if the file has one fleet. */
async function noteOverlaps(fleet: string, schedules: string | undefined, out: Output): Promise<void> {
  if (schedules === undefined) return;
  const all = await SETTINGS.schedules.parse(schedules);
  for (const { names, at, min, max } of all.overlaps(Date.now())) {
    const bounds = [
      ...(min === undefined ? [] : [`min ${min}`]),
      ...(max === undefined ? [] : [`max ${max}`]),
    ];
    const winner = min !== undefined && max !== undefined && min > max ? "; the maximum applies" : "";
    out.note(
      `The schedules ${names.join(" and ")}${fleet === "" ? "" : ` of fleet ${fleet}`} overlap, ` +
        `for the first time at ${isoTime(at)}: ${bounds.join(", ")}${winner}`,
    );
  }
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new ExitError(`Cannot read ${path}: ${(cause as Error).message}`, 1, undefined, { cause });
  }
}

/** The commands `kas admin config …`. */
export const config: Group = {
  name: "config",
  summary: "Print the settings, and check a config file",
  default: "list",
  commands: [list, check],
};
