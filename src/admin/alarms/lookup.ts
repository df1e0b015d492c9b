/**
 * Finds an alarm of the fleet by its name.
 *
 * @module
 */
import type { AlarmDetail } from "../../aws/cloudwatch/alarms.ts";
import { ExitError } from "../../cli/command.ts";

/**
 * Returns the alarm with a name.
 *
 * @throws {ExitError} with status 4 if the fleet has no such alarm
 */
export function existingAlarm(name: string, alarms: readonly AlarmDetail[], fleet: string): AlarmDetail {
  const alarm = alarms.find((alarm) => alarm.name === name);
  if (alarm === undefined) throw new ExitError(`Fleet ${fleet} has no alarm ${name}`, 4, "kas admin alarms");
  return alarm;
}
