/**
 * The fleets that `kas autoscaler` scales, and their settings: one fleet, or all fleets of the config file.
 *
 * @module
 */
import { type Context, kebab, UsageError } from "../../cli/command.ts";
import { reread } from "../../cli/flags.ts";
import type { SettingsLookup } from "../../settings/load.ts";
import { settingsWith } from "../../settings/several_fleets.ts";
import { SETTINGS } from "../../settings/settings.ts";
import type { FleetOptions, Tuning } from "../assembly_options.ts";
import { fleetBalancer } from "./balancer.ts";
import { type Flags, OPTIONS } from "./options.ts";
import { tuningOf } from "./tuning.ts";

/** The settings of a fleet. */
export interface FleetFlags extends Flags {
  readonly fleet: string;
}

/**
 * Looks up the settings of each fleet. A fleet that a flag or a variable names is the only one.
 *
 * @throws {UsageError} if a value is invalid, or if a flag or a variable sets what only one fleet can have, and there are several
 */
export async function readFleets(
  context: Pick<Context<typeof OPTIONS>, "origins" | "texts">,
  lookup: SettingsLookup,
): Promise<readonly FleetFlags[]> {
  const alone = await reread(OPTIONS, context, lookup);
  const names = alone.fleet === undefined ? await lookup.fleets(context.texts["config"]) : [];
  if (names.length === 0) return [{ ...alone, fleet: alone.fleet ?? SETTINGS.fleet.default }];
  const values = new Map<string, unknown>(Object.entries(alone));
  const set = settingsWith("fleet").find((name) => [values.get(name)].flat().some((it) => it !== undefined));
  if (set !== undefined) {
    const origin = context.origins[set] ?? "flag";
    const from = origin === "flag" ? "" : ` (from ${origin})`;
    throw new UsageError(
      `--${kebab(set)}${from} is for one fleet, and the config file has several: ${names.join(", ")}`,
      `--fleet ${names[0]}, or ${kebab(set)} in fleets of the config file`,
    );
  }
  return await Promise.all(
    names.map(async (fleet) => ({ ...await reread(OPTIONS, context, lookup, fleet), fleet })),
  );
}

/**
 * Returns the settings that an operator can change while the autoscaler runs, by the name of the fleet.
 *
 * @throws {UsageError} if settings of a fleet contradict each other
 */
export function tuningsOf(fleets: readonly FleetFlags[]): ReadonlyMap<string, Tuning> {
  return new Map(fleets.map((flags) => [flags.fleet, named(flags, fleets, tuningOf)]));
}

/**
 * Returns the options of each fleet.
 *
 * @throws {UsageError} if settings of a fleet contradict each other, or if one is missing
 */
export function fleetOptions(fleets: readonly FleetFlags[]): readonly FleetOptions[] {
  return fleets.map((flags) => named(flags, fleets, optionsOf));
}

function optionsOf(flags: FleetFlags): FleetOptions {
  const { fleet, keyName, pull, profile, endpointUrl, alertUrl, resubscribe, dryRun } = flags;
  const { healthCheck, address, drainRequest: drain } = flags;
  // With --pull, ignore a topic that the environment names.
  const topicArn = pull ? undefined : flags.topicArn;
  if (topicArn === undefined && !pull) {
    throw new UsageError(
      "kas autoscaler needs --topic-arn, the topic that the alarms notify, or --pull",
      "kas admin topics list",
    );
  }
  return {
    // Alarms notify a topic of their own region, and targets are in the region of their target group.
    account: {
      region: flags.region ?? (topicArn ?? flags.targetGroup[0])?.split(":")[3],
      profile,
      endpointUrl,
    },
    fleet: { fleet, keyName, balancer: fleetBalancer(flags), healthCheck, address, drain },
    topicArn,
    ...tuningOf(flags),
    alertUrl,
    resubscribe,
    dryRun,
  };
}

/** Calls a function with the settings of a fleet. If there are several fleets, a usage error names the fleet. */
function named<T>(flags: FleetFlags, all: readonly FleetFlags[], work: (flags: FleetFlags) => T): T {
  try {
    return work(flags);
  } catch (error) {
    if (!(error instanceof UsageError) || all.length < 2) throw error;
    throw new UsageError(`Fleet ${flags.fleet}: ${error.message}`, error.hint);
  }
}
