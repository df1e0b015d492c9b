/**
 * Parses a change of an alarm's state from the message of an SNS notification.
 *
 * @module
 */
import { z } from "zod";
import type { AlarmState } from "../scaling/model/alarm.ts";

/** The alarm change that a notification contains, or the reason why kas ignores the notification. */
export type AlarmMessage =
  | {
    readonly kind: "change";
    /** Name of the alarm in CloudWatch. The name need not have the form of an alarm of kas. */
    readonly name: string;
    readonly arn: string;
    /** Region in the alarm's ARN. */
    readonly region: string;
    /** Alarm state before the change. INSUFFICIENT_DATA if the message does not contain the old state. */
    readonly from: AlarmState;
    readonly to: AlarmState;
    /** StateChangeTime of the alarm in ms since the epoch. */
    readonly at: number;
  }
  | { readonly kind: "ignored"; readonly reason: string };

/** The signed fields of the SNS message that contains the notification. */
export interface Envelope {
  /** ARN of the topic. Absent for a message that was stored earlier, if no topic is configured now. */
  readonly topicArn?: string | undefined;
  /** Time at which the message was published, in ms since the epoch. */
  readonly sent: number;
}

/**
 * StateChangeTime may be at most this much later than the publication of the message, in ms. A StateChangeTime in the far future would hide
 * all later changes of the alarm, because these changes would not be the newest (R11).
 */
const MAX_AHEAD = 300_000;

const state = z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]);

/** The fields that all kinds of alarms have. Metric, metric math and composite alarms differ in their other fields. */
const schema = z.object({
  AlarmName: z.string().min(1).optional(),
  AlarmArn: z.string(),
  OldStateValue: state.catch("INSUFFICIENT_DATA"),
  NewStateValue: state,
  StateChangeTime: z.string(),
});

/**
 * Parses the Message of a notification. kas ignores a message that does not describe a change of an alarm in the topic's account
 * and region, because a topic can contain any message.
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
  // The last part of the ARN is the alarm's name, which may contain colons.
  const [, partition, region, account, name] =
    /^arn:([^:]+):cloudwatch:([^:]+):([^:]+):alarm:(.+)$/s.exec(arn) ?? [];
  if (region === undefined || name === undefined) return ignored("the AlarmArn is not the ARN of an alarm");
  if (AlarmName !== undefined && AlarmName !== name) {
    return ignored("the AlarmName differs from the name in the AlarmArn");
  }
  if (topicArn !== undefined && !topicArn.startsWith(`arn:${partition}:sns:${region}:${account}:`)) {
    return ignored("the AlarmArn belongs to a different account or region than the topic");
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
 * Parses a time in CloudWatch's format, such as `2026-03-06T19:53:21.424+0000`. Rejects a time without an offset, because its
 * meaning would depend on the time zone of this host.
 */
function parseTime(text: string): number | undefined {
  const [, local, sign, offset] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d):?(\d\d)?$/.exec(text) ?? [];
  if (local === undefined || sign === undefined) return undefined;
  const ms = Date.parse(sign === "Z" ? `${local}Z` : `${local}${sign}:${offset ?? "00"}`);
  return Number.isNaN(ms) ? undefined : ms;
}
