/**
 * The schema of a config file. Editors use it as docs/kas.schema.json, which `deno task docs` generates.
 *
 * This module loads zod, so settings/load.ts imports it only if a config file exists.
 *
 * @module
 */
import * as z from "zod";
import { kebab } from "../cli/command.ts";
import { didYouMean } from "../cli/nearest.ts";
import { type Setting, SETTINGS } from "./settings.ts";

/** The text of each setting in a config file, by the setting's name in camelCase. */
export type ConfigValues = Readonly<Record<string, string>>;

/** Error: the content of a config file is invalid. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";

  constructor(readonly problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(
      problems.map(({ place, problem }) => place === "" ? problem : `${place}: ${problem}`).join("; "),
      options,
    );
  }
}

/** A problem of a config file. */
export interface ConfigProblem {
  /** The place in the file, such as `fleets[0].max`. "" stands for the whole file. */
  readonly place: string;
  readonly problem: string;
}

/** The names of all settings in camelCase, by their keys in a config file. */
const NAMES: ReadonlyMap<string, string> = new Map(Object.keys(SETTINGS).map((name) => [kebab(name), name]));

/** The keys that each setting of a fleet can have in a config file. */
const settings = Object.fromEntries(
  Object.entries(SETTINGS).map(([name, setting]) => [kebab(name), valueSchema(setting)]),
);

const configFile = z.strictObject({
  $schema: z.string().optional().describe("the address of this schema, for editors"),
  ...settings,
  fleets: z.array(z.strictObject(settings), "expected an array")
    .length(1, "expected exactly one fleet")
    .optional()
    .describe("the fleet; its settings replace the settings outside of it"),
}, {
  error: ({ code }) => code === "invalid_type" ? 'expected an object such as {"fleet": "kas"}' : undefined,
});

/** Returns the schema of a setting's value. */
function valueSchema(
  { parse, help, repeat }: Setting<unknown> & { readonly repeat?: true },
): z.ZodOptional<z.ZodType<string | number | boolean>> {
  const value = z.union([z.string(), z.number(), z.boolean()], "expected a text, number or boolean");
  return value.check(({ value, issues }) => {
    try {
      for (const text of repeat ? String(value).split(",") : [String(value)]) parse(text);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      issues.push({ code: "custom", message: `${error.message}, not "${value}"`, input: value });
    }
  }).describe(help).optional();
}

/**
 * Reads the content of a config file, a JSON object. Its keys are the flags' names without the dashes: `{ "fleet": "web" }`.
 *
 * @throws {ConfigFileError} if the content is invalid
 */
export function parseConfigFile(content: string): ConfigValues {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    throw new ConfigFileError([{ place: "", problem: (cause as Error).message }], { cause });
  }
  const parsed = configFile.safeParse(json);
  if (!parsed.success) throw new ConfigFileError(parsed.error.issues.flatMap(problems));
  const { $schema: _, fleets = [], ...values } = parsed.data;
  return Object.fromEntries(
    Object.entries({ ...values, ...fleets[0] }).map(([key, value]) => [NAMES.get(key) ?? key, String(value)]),
  );
}

/** Returns the JSON Schema of a config file. */
export function configSchema(): object {
  return { title: "The config file of kas", ...z.toJSONSchema(configFile) };
}

/** Returns the problems of an issue. zod reports all unknown keys of an object in one issue. */
function problems(issue: z.core.$ZodIssue): ConfigProblem[] {
  if (issue.code !== "unrecognized_keys") return [{ place: placeOf(issue.path), problem: issue.message }];
  return issue.keys.map((key) => ({
    place: placeOf([...issue.path, key]),
    problem: `unknown setting${didYouMean(key, [...NAMES.keys(), "fleets"])}`,
  }));
}

/** Formats a path as JavaScript would: `fleets[0].max`. */
function placeOf(path: readonly PropertyKey[]): string {
  return path.map((key, i) => typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`)
    .join("");
}
