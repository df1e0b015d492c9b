/**
 * A change of an alarm's state, in the message of a notification.
 *
 * @module
 */
import { z } from "zod";
import type { AlarmState } from "../scaling/model/alarm.ts";

/** What a notification's message says about an alarm, or the reason to ignore it. */
export type AlarmMessage =
  | {
    readonly kind: "change";
    /** The alarm's name in CloudWatch, whether it is of kas's form or not. */
    readonly name: string;
    readonly arn: string;
    /** The region in the ARN. */
    readonly region: string;
    /** INSUFFICIENT_DATA if the message does not say. */
    readonly from: AlarmState;
    readonly to: AlarmState;
    /** StateChangeTime, ms since the epoch. */
    readonly at: number;
  }
  | { readonly kind: "ignored"; readonly reason: string };

/** What SNS signed around the message. */
export interface Envelope {
  /** Absent if no topic is configured any more: the message was stored before. */
  readonly topicArn?: string | undefined;
  /** When it was published, ms since the epoch. */
  readonly sent: number;
}

/**
 * How far a StateChangeTime may be ahead of the time at which the message was published, ms. An alarm with a later one
 * would hide its following changes, because they would not be the newest (R11).
 */
const MAX_AHEAD = 300_000;

const state = z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]);

/** The fields that all alarms have. Metric, metric math and composite alarms differ in the others. */
const schema = z.object({
  AlarmName: z.string().min(1).optional(),
  AlarmArn: z.string(),
  OldStateValue: state.catch("INSUFFICIENT_DATA"),
  NewStateValue: state,
  StateChangeTime: z.string(),
});

/**
 * Parses the Message of a notification. A message that is not a change of an alarm in the topic's account and region
 * is ignored, because anything may be published to a topic.
 *
 * Source: CloudWatch user guide, "Notifying users on alarm changes".
 */
export function parseAlarmChange(message: string, { topicArn, sent }: Envelope): AlarmMessage {
  let json: unknown;
  try {
    json = JSON.parse(message);
  } catch {
    return ignored("the message is not JSON, so it is not a CloudWatch alarm");
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    const field = result.error.issues[0]?.path.join(".");
    return ignored(
      field
        ? `the message is not a CloudWatch alarm: ${field} is missing or invalid`
        : "the message is not a CloudWatch alarm: it is not a JSON object",
    );
  }
  const { AlarmName, AlarmArn: arn, OldStateValue: from, NewStateValue: to, StateChangeTime } = result.data;
  // The last part of the ARN is the name, which may contain colons.
  const [, partition, region, account, name] =
    /^arn:([^:]+):cloudwatch:([^:]+):([^:]+):alarm:(.+)$/s.exec(arn) ?? [];
  if (region === undefined || name === undefined) return ignored("the AlarmArn is not the ARN of an alarm");
  if (AlarmName !== undefined && AlarmName !== name) {
    return ignored("the AlarmName is not the name in the AlarmArn");
  }
  if (topicArn !== undefined && !topicArn.startsWith(`arn:${partition}:sns:${region}:${account}:`)) {
    return ignored("the AlarmArn is of another account or region than the topic");
  }
  const at = parseTime(StateChangeTime);
  if (at === undefined) return ignored("the alarm's StateChangeTime is invalid");
  if (at > sent + MAX_AHEAD) {
    const ahead = Math.round((at - sent) / 1_000);
    return ignored(`the alarm's StateChangeTime is ${ahead} s after the message's Timestamp`);
  }
  return { kind: "change", name, from, to, at, arn, region };
}

function ignored(reason: string): AlarmMessage {
  return { kind: "ignored", reason };
}

/**
 * Parses `2026-03-06T19:53:21.424+0000`, CloudWatch's format. A time without an offset would depend on this
 * machine's zone.
 */
function parseTime(text: string): number | undefined {
  const [, local, sign, offset] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d):?(\d\d)?$/.exec(text) ?? [];
  if (local === undefined || sign === undefined) return undefined;
  const ms = Date.parse(sign === "Z" ? `${local}Z` : `${local}${sign}:${offset ?? "00"}`);
  return Number.isNaN(ms) ? undefined : ms;
}
