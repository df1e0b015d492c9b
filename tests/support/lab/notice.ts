/**
 * CloudWatch's message about an alarm that changed its state, with the fields that kas reads.
 *
 * @module
 */
import type { AlarmState } from "../../../src/scaling/model/alarm.ts";
import { alarmArn } from "../alarm_arn.ts";

/** Returns the text of a notification. */
export function alarmMessage(
  name: string,
  state: AlarmState,
  at: number,
  from: AlarmState = state === "OK" ? "ALARM" : "OK",
): string {
  return JSON.stringify({
    AlarmName: name,
    AlarmArn: alarmArn(name),
    OldStateValue: from,
    NewStateValue: state,
    StateChangeTime: new Date(at).toISOString().replace("Z", "+0000"),
  });
}
