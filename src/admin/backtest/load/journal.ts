/**
 * Reads the load of a backtest from the autoscaler's journal.
 *
 * @module
 */
import { ExitError } from "../../../cli/command.ts";
import type { LoadRow } from "../../../scaling/simulate/load/csv.ts";
import { openStore } from "../../journal/source.ts";

/**
 * Reads the minutes of a fleet's journal.
 *
 * @param state the state folder, or a copy of a database file
 * @param fleet the name of the fleet. If absent, the state folder must have the journal of only one fleet
 * @param note prints which damaged minutes kas leaves out
 * @throws {ExitError} if kas cannot read the journal, or the journal has no load
 */
export async function readMinutes(
  state: string,
  fleet: string | undefined,
  note: (line: string) => void,
): Promise<LoadRow[]> {
  const [{ Minutes }, store] = await Promise.all([
    import("../../../autoscaler/telemetry/minutes.ts"),
    openStore(state, fleet, note),
  ]);
  using _open = store;
  const rows = new Minutes(store).read(0, Number.MAX_SAFE_INTEGER).map(({ at, demand }) => (
    { at: at / 1_000, value: demand }
  ));
  if (rows.length < 2) {
    throw new ExitError(
      `The journal in ${state} has no load: the autoscaler measures it only if a policy needs it`,
      4,
      "--history 14d",
    );
  }
  return rows;
}
