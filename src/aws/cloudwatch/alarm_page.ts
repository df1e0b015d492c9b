/**
 * A page of DescribeAlarms, read no further than kas looks (answers.ts): of 1,000 instances there are 20 pages.
 *
 * @module
 */
import type { MetricAlarm } from "@aws-sdk/client-cloudwatch";
import { UnreachableError } from "../errors.ts";

/** Alarms in the SDK's shape, as they are in the JSON: times are s since the epoch. */
export type AlarmShape =
  & Omit<MetricAlarm, "StateTransitionedTimestamp" | "StateUpdatedTimestamp">
  & { readonly StateTransitionedTimestamp?: number; readonly StateUpdatedTimestamp?: number };

/** A page. */
export interface AlarmPage {
  readonly alarms: readonly AlarmShape[];
  /** Where the next page begins; absent or empty on the last one. */
  readonly next?: string | undefined;
}

/**
 * Reads a page.
 *
 * @throws {UnreachableError} unless it is a whole one: part of the alarms is not told for all of them
 */
export function readAlarmPage(text: string): AlarmPage {
  const { MetricAlarms: alarms, NextToken: next } = parsed(text);
  // An empty list is there too: without one it is no answer to go by.
  if (!Array.isArray(alarms)) {
    throw new UnreachableError("CloudWatch's answer can't be read: it holds no list of alarms");
  }
  return { alarms, next: typeof next === "string" ? next : undefined };
}

function parsed(text: string): { readonly MetricAlarms?: unknown; readonly NextToken?: unknown } {
  try {
    return JSON.parse(text) ?? {};
  } catch (cause) {
    throw new UnreachableError("CloudWatch's answer can't be read: it is no JSON", { cause });
  }
}
