/**
 * Checks a config file with several fleets: which settings belong where, and whether two fleets are the same.
 *
 * @module
 */
import { kebab } from "../cli/command.ts";
import { type Setting, SETTINGS } from "./settings.ts";

/** The values of a fleet, or the values that fleets share, by the keys of the config file. */
export type FileValues = Readonly<Record<string, unknown>>;

/** A problem, and its path in the config file. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly problem: string;
}

/** The keys that select the AWS account. */
const ACCOUNT = ["profile", "endpoint-url"] as const;

/** Returns the names of the settings with a scope. */
export function settingsWith(scope: Setting<unknown>["scope"]): readonly string[] {
  const all: Readonly<Record<string, Setting<unknown>>> = SETTINGS;
  return Object.keys(all).filter((name) => all[name]?.scope === scope);
}

/** Returns why several fleets cannot be in one file. Returns nothing for a file with one fleet. */
export function contradictions(shared: FileValues, fleets: readonly FileValues[]): Problem[] {
  if (fleets.length < 2) return [];
  return [
    ...settingsWith("fleet").map(kebab).filter((key) => key in shared).map((key) => ({
      path: [key],
      problem: "each fleet has its own value; move it into fleets",
    })),
    ...fleets.flatMap((fleet, i) => [
      ...settingsWith("process").map(kebab).filter((key) => key in fleet).map((key) => ({
        path: ["fleets", i, key],
        problem: "all fleets share the value; move it out of fleets",
      })),
      ...nameProblem(fleet, fleets.slice(0, i)).map((problem) => ({ path: ["fleets", i, "fleet"], problem })),
      ...keyProblem(fleet, fleets.slice(0, i)).map((problem) => ({
        path: ["fleets", i, "key-name"],
        problem,
      })),
    ]),
  ];
}

function nameProblem({ fleet: name }: FileValues, before: readonly FileValues[]): string[] {
  if (name === undefined) return ["expected a name, because there are several fleets"];
  const same = before.findIndex(({ fleet }) => fleet === name);
  return same < 0 ? [] : [`fleets[${same}] has the same name`];
}

/**
 * Two fleets with one key pair in one region would have the same instances. The region of a fleet that does not name one depends on the
 * environment, so it may be that of the other fleet.
 */
function keyProblem(fleet: FileValues, before: readonly FileValues[]): string[] {
  const { "key-name": key, region } = fleet;
  const same = before.findIndex((other) =>
    ["key-name", ...ACCOUNT].every((name) => other[name] === fleet[name]) &&
    (other["region"] === undefined || region === undefined || other["region"] === region)
  );
  return key === undefined || same < 0 ? [] : [
    `fleets[${same}] has the same key pair, so both fleets would have the same instances unless each names another region`,
  ];
}
