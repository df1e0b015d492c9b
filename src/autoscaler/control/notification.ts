/**
 * Converts the text of a notification to a trigger.
 *
 * @module
 */
import { parseAlarmName } from "../../scaling/model/alarm.ts";
import type { NotificationTrigger } from "../../scaling/model/trigger.ts";
import { type Envelope, parseAlarmChange } from "../../sns/alarm_message.ts";

/** How many characters of the name of another program's alarm a reason quotes. */
const QUOTED = 100;

/** Returns the trigger of a notification. If the text does not describe an alarm of kas, also returns why. */
export function triggerOf(
  text: string,
  envelope: Envelope,
): { readonly trigger: NotificationTrigger; readonly why?: string } {
  const notification = parseAlarmChange(text, envelope);
  if (notification.kind === "ignored") return { trigger: { kind: "notification" }, why: notification.reason };
  const name = parseAlarmName(notification.name);
  if (name === undefined) {
    const why = `the alarm name "${notification.name.slice(0, QUOTED)}" does not have kas's form`;
    return { trigger: { kind: "notification" }, why };
  }
  const { from, to, at } = notification;
  return { trigger: { kind: "notification", alarm: { ...name, from, to, at } } };
}
