/**
 * The schema of a config file. Editors use it as docs/kas.schema.json, which `deno task docs` generates.
 *
 * This module loads zod, so settings/load.ts imports it only if a config file exists.
 *
 * @module
 */
import * as z from "zod";
import { kebab } from "../cli/command.ts";
import { type ConfigProblem, problemsOf, problemText } from "./problems.ts";
import { unknownNames } from "./metrics/unknown_names.ts";
import { metricsSchema } from "./metrics/schema.ts";
import { policiesSchema } from "./policies_schema.ts";
import { schedulesSchema } from "./schedules/schema.ts";
import { type Setting, SETTINGS } from "./settings.ts";
import { contradictions, type FileValues, type Problem } from "./several_fleets.ts";

/** The text of each setting in a config file, by the setting's name in camelCase. */
export type ConfigValues = Readonly<Record<string, string>>;

/** The content of a config file. */
export interface ConfigFile {
  /** The values outside of `fleets`. If `fleets` has one entry, also the values of this entry, which have precedence. */
  readonly shared: ConfigValues;
  /** The fleets in their order, with their own values, if the file has several. Otherwise empty. */
  readonly fleets: ReadonlyMap<string, ConfigValues>;
}

/** Error: the content of a config file is invalid. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";

  constructor(readonly problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(problemText).join("; "), options);
  }
}

/** The names of all settings in camelCase, by their keys in a config file. */
const NAMES: ReadonlyMap<string, string> = new Map(Object.keys(SETTINGS).map((name) => [kebab(name), name]));

/** The keys that each setting of a fleet can have in a config file. */
const settings = {
  ...Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => [kebab(name), valueSchema(setting)]),
  ),
  schedules: schedulesSchema.optional().describe(SETTINGS.schedules.help),
  policies: policiesSchema.optional().describe(SETTINGS.policies.help),
  metrics: metricsSchema.optional().describe(SETTINGS.metrics.help),
};

const configFile = z.strictObject({
  $schema: z.string().optional().describe("the address of this schema, for editors"),
  ...settings,
  fleets: z.array(z.strictObject(settings), "expected an array")
    .min(1, "expected at least one fleet")
    .optional()
    .describe("the fleets; the settings of a fleet replace the settings outside of the list"),
}, {
  error: ({ code }) => code === "invalid_type" ? 'expected an object such as {"fleet": "kas"}' : undefined,
}).check(({ value: { $schema: _, fleets = [], ...shared }, issues }) => {
  for (const { path, problem } of [...contradictions(shared, fleets), ...unknownMetrics(shared, fleets)]) {
    issues.push({ code: "custom", message: problem, input: fleets, path: [...path] });
  }
});

/** The settings of a fleet that formulas depend on. */
interface Formulas {
  readonly policies?: z.infer<typeof policiesSchema> | undefined;
  readonly metrics?: z.infer<typeof metricsSchema> | undefined;
}

/** Returns the formulas of the file that use metrics which the file does not have. */
function unknownMetrics(shared: Formulas, fleets: readonly Formulas[]): Problem[] {
  const all = fleets.length === 0 ? [shared] : fleets.map((fleet) => ({ ...shared, ...fleet }));
  const problems = all.flatMap(({ policies, metrics = {} }, i) => {
    const place = policies === shared.policies ? [] : ["fleets", i];
    return unknownNames(policies, Object.keys(metrics))
      .map(({ path, problem }) => ({ path: [...place, "policies", ...path], problem }));
  });
  // Several fleets may share the same policies.
  return [...new Map(problems.map((it) => [`${it.path} ${it.problem}`, it])).values()];
}

/** Returns the schema of a setting's value. */
function valueSchema(
  { parse, help, repeat, secret }: Setting<unknown> & { readonly repeat?: true },
): z.ZodOptional<z.ZodType<string | number | boolean>> {
  const value = z.union([z.string(), z.number(), z.boolean()], "expected a text, number or boolean");
  return value.check(({ value, issues }) => {
    try {
      for (const text of repeat ? String(value).split(",") : [String(value)]) parse(text);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const message = secret ? error.message : `${error.message}, not "${value}"`;
      issues.push({ code: "custom", message, input: value });
    }
  }).describe(help).optional();
}

/**
 * Reads the content of a config file, a JSON object. Its keys are the flags' names without the dashes: `{ "fleet": "web" }`.
 *
 * @throws {ConfigFileError} if the content is invalid
 */
export function parseConfigFile(content: string): ConfigFile {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    throw new ConfigFileError([{ place: "", problem: syntaxProblem(content, cause as SyntaxError) }], {
      cause,
    });
  }
  const parsed = configFile.safeParse(json);
  if (!parsed.success) throw new ConfigFileError(problemsOf(parsed.error, [...NAMES.keys(), "fleets"]));
  const { $schema: _, fleets = [], ...shared } = parsed.data;
  return fleets.length < 2
    ? { shared: textsOf({ ...shared, ...fleets[0] }), fleets: new Map() }
    : { shared: textsOf(shared), fleets: byName(fleets.map(textsOf)) };
}

function byName(fleets: readonly ConfigValues[]): Map<string, ConfigValues> {
  return new Map(fleets.map((values) => [values["fleet"] ?? "", values]));
}

function textsOf(values: FileValues): ConfigValues {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      NAMES.get(key) ?? key,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
}

/** Returns why a content is not JSON. V8 quotes the place, so this function removes the quotation if the content has a secret. */
function syntaxProblem(content: string, { message }: SyntaxError): string {
  const settings: Readonly<Record<string, Setting<unknown>>> = SETTINGS;
  const hasSecret = Object.entries(settings).some(([name, { secret }]) =>
    secret && content.includes(kebab(name))
  );
  return hasSecret ? message.replace(/, (?:\.\.\.)?".*$/s, " in JSON") : message;
}

/** Returns the JSON Schema of a config file. */
export function configSchema(): object {
  return { title: "The config file of kas", ...z.toJSONSchema(configFile) };
}
