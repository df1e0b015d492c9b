/**
 * The load of a backtest, from wherever the operator takes it.
 *
 * @module
 */
import { regionOf } from "../../../aws/clients.ts";
import { UsageError } from "../../../cli/command.ts";
import type { LoadRow } from "../../../scaling/simulate/load/csv.ts";
import { type AccountContext, fleetSelector, withAws } from "../../account.ts";
import { HOURS, type Tariff, tariffOf } from "../price.ts";
import { readLoadFile } from "./file.ts";
import { readHistory } from "./history.ts";
import { readMinutes } from "./journal.ts";

/** A recorded load. */
export interface BacktestLoad {
  readonly rows: readonly LoadRow[];
  /** How many instances the fleet has. Undefined if kas does not know it. */
  readonly fleet: number | undefined;
  readonly tariff: Tariff;
  /** What the load does not show, in sentences. */
  readonly notes: readonly string[];
}

/** The options that say where the load is. */
export interface LoadFlags {
  readonly load: string | undefined;
  readonly history: number | undefined;
  readonly journal: boolean;
  readonly state: string;
}

/** Reads the load. */
export async function readLoad(
  { load, history, journal, state }: LoadFlags,
  context: AccountContext & { readonly origins: Readonly<Record<string, string>> },
): Promise<BacktestLoad> {
  if (load !== undefined) {
    return { rows: await readLoadFile(load), fleet: undefined, tariff: HOURS, notes: [] };
  }
  if (journal) {
    // The journal knows its fleet, so the default of --fleet is not for the journal.
    const fleet = context.origins["fleet"] === "default" ? undefined : context.flags.fleet;
    const rows = await readMinutes(state, fleet, (line) => context.out.note(line));
    return { rows, fleet: undefined, tariff: HOURS, notes: [] };
  }
  if (history === undefined) {
    throw new UsageError(
      "kas admin backtest needs a load: --load, --history or --journal",
      "--load FILE.csv, --history 14d",
    );
  }
  return await withAws(context, async (aws) => {
    const { flags, signal } = context;
    const now = Date.now();
    const [region, { rows, instances, notes }] = await Promise.all([
      regionOf(aws),
      readHistory(aws, fleetSelector(flags), { length: history, now, signal }),
    ]);
    return {
      rows,
      fleet: instances.length,
      tariff: tariffOf(instances.map(({ type }) => type), region),
      notes,
    };
  });
}
