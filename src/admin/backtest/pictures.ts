/**
 * Writes the chart and the series of a backtest.
 *
 * @module
 */
import { ExitError } from "../../cli/command.ts";
import { counted, percent } from "../../cli/format.ts";
import { instancesNeeded, type Load } from "../../scaling/simulate/load/load.ts";
import { chartOf } from "./chart.ts";
import type { Result } from "./rows.ts";

/** Draws the policies into an SVG file. */
export async function writeChart(path: string, load: Load, results: readonly Result[]): Promise<void> {
  const chart = chartOf({
    title: "Instances in service, and instances that the load needs",
    seconds: load.seconds,
    fleet: load.fleet,
    demand: load.demand,
    needed: needsOf(load),
    policies: results.map(({ candidate, underShare, overShare, starts, inService }) => ({
      name: candidate.name,
      note: `short ${percent(100 * underShare)} of the time, ${percent(100 * overShare)} spare, ${
        counted(starts, "start")
      }`,
      inService,
    })),
  });
  await write(path, [chart]);
}

/** Writes a CSV file with a row for each second in which a number changes. */
export async function writeSeries(path: string, load: Load, results: readonly Result[]): Promise<void> {
  await write(path, seriesRows(load, results));
}

function* seriesRows(load: Load, results: readonly Result[]): Generator<string, void> {
  yield ["seconds", "demand", "needed", ...results.map(({ candidate }) => candidate.name)].join(",") + "\n";
  const needed = needsOf(load);
  let last = "";
  for (let second = 0; second < load.seconds; second++) {
    const row = [load.demand(second), needed[second], ...results.map(({ inService }) => inService[second])]
      .join(",");
    // The last second says how long the last numbers apply.
    if (row !== last || second === load.seconds - 1) yield `${second},${row}\n`;
    last = row;
  }
}

/** Returns how many instances the load needs at each second. */
function needsOf({ seconds, demand, fleet }: Load): Uint16Array {
  const needed = new Uint16Array(seconds);
  for (let second = 0; second < seconds; second++) needed[second] = instancesNeeded(demand(second), fleet);
  return needed;
}

async function write(path: string, parts: Iterable<string>): Promise<void> {
  try {
    await Deno.writeTextFile(path, ReadableStream.from(batchesOf(parts)));
  } catch (cause) {
    throw new ExitError(`Cannot write ${path}: ${(cause as Error).message}`, 1, undefined, { cause });
  }
}

/** Yields texts of at least 64 KiB: a write for each row would take a minute. */
function* batchesOf(parts: Iterable<string>): Generator<string, void> {
  let batch = "";
  for (const part of parts) {
    batch += part;
    if (batch.length < 65_536) continue;
    yield batch;
    batch = "";
  }
  yield batch;
}
