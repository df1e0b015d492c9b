/**
 * The table of a backtest.
 *
 * @module
 */
import type { Row } from "../../cli/output.ts";
import type { Played } from "../../scaling/simulate/play.ts";
import type { Candidate } from "./candidates.ts";
import { costOf, type Tariff } from "./price.ts";

/** A policy, and what became of the load with it. */
export interface Result extends Played {
  readonly candidate: Candidate;
}

/** The columns of the table. */
export const COLUMNS = [
  "policy",
  "under_s",
  "over_instance_s",
  "starts",
  "stops",
  "under_share",
  "over_share",
  "theta_u",
  "theta_o",
  "tau_u",
  "tau_o",
  "cost",
];

/** Columns that kas omits on a narrow terminal, the first one first. */
export const OPTIONAL_COLUMNS = ["tau_o", "tau_u", "theta_o", "theta_u", "over_instance_s", "stops"];

/** Returns the row of a result. */
export function rowOf(result: Result, tariff: Tariff): Row {
  return {
    policy: result.candidate.name,
    under_s: result.under,
    over_instance_s: result.over,
    starts: result.starts,
    stops: result.stops,
    under_share: rounded(result.underShare, 5),
    over_share: rounded(result.overShare, 4),
    theta_u: rounded(result.thetaU, 3),
    theta_o: rounded(result.thetaO, 3),
    tau_u: rounded(result.tauU, 3),
    tau_o: rounded(result.tauO, 3),
    cost: rounded(costOf(result.billed, tariff), 2),
  };
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
