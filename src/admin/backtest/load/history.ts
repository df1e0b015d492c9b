/**
 * Reads the load of a backtest from the fleet's own metrics in CloudWatch.
 *
 * @module
 */
import type { Aws } from "../../../aws/clients.ts";
import { cpuHistory, MINUTES_KEPT } from "../../../aws/cloudwatch/cpu_history.ts";
import { type Ec2Instance, fleetInstances, type FleetSelector } from "../../../aws/ec2/instances.ts";
import { ExitError } from "../../../cli/command.ts";
import { Demand, MINUTE } from "../../../scaling/model/load/demand.ts";
import type { LoadRow } from "../../../scaling/simulate/load/csv.ts";

/** The load that CloudWatch shows. */
export interface HistoryLoad {
  readonly rows: readonly LoadRow[];
  readonly instances: readonly Ec2Instance[];
  /** What the history does not show, in sentences. */
  readonly notes: readonly string[];
}

/** How many minutes a datapoint covers, by the monitoring of the instance. */
const MINUTES = { detailed: 1, basic: 5 } as const;

/** Parses a time such as `14d` or `36h`, and returns ms. */
export function historyLength(text: string): number {
  const match = /^(\d{1,4})(h|d)$/.exec(text);
  const length = Number(match?.[1]) * (match?.[2] === "d" ? 24 : 1) * 60 * MINUTE;
  if (match === null || length < 60 * MINUTE || length > MINUTES_KEPT) {
    throw new TypeError(
      "expected a time from 1h to 15d, such as 14d: CloudWatch keeps one-minute points for 15 days",
    );
  }
  return length;
}

/**
 * Reads the load of the fleet's instances.
 *
 * @param length how far back, in ms
 * @param now the present time in ms since the epoch
 * @throws {ExitError} if the fleet has no instance, or no instance has a datapoint
 */
export async function readHistory(
  aws: Aws,
  selector: FleetSelector,
  { length, now, signal }: { readonly length: number; readonly now: number; readonly signal: AbortSignal },
): Promise<HistoryLoad> {
  const instances = await Array.fromAsync(fleetInstances(aws, selector, signal));
  if (instances.length === 0) {
    throw new ExitError(`Fleet ${selector.fleet} has no instance`, 4, "--fleet, --region");
  }
  const to = Math.floor(now / MINUTE) * MINUTE;
  const from = to - length;
  const demand = new Demand(from, length / MINUTE);
  for await (const { instance, points } of cpuHistory(aws, instances, { from, to, signal })) {
    const minutes = MINUTES[instance.monitoring ?? "basic"];
    for (const { at, value } of points) demand.add(at, value, minutes);
  }
  const rows = demand.rows();
  if (rows.length < 2) {
    throw new ExitError(
      `CloudWatch has no CPU of fleet ${selector.fleet} in this time`,
      4,
      "--load FILE.csv",
    );
  }
  return { rows, instances, notes: [...notesOf(demand, instances)] };
}

function* notesOf(demand: Demand, instances: readonly Ec2Instance[]): Generator<string, void> {
  const { missing, saturated } = demand;
  if (missing > 0) yield `${missing} minutes have no datapoint; the load of the minute before them applies`;
  if (saturated > 0) {
    yield `In ${saturated} minutes the instances were saturated: the load was higher than CloudWatch shows`;
  }
  const basic = instances.filter(({ monitoring }) => monitoring !== "detailed").length;
  if (basic > 0) {
    yield `${basic} of ${instances.length} instances have basic monitoring: their load is known once in five minutes`;
  }
}
