/**
 * `kas admin alarms test`: sets an alarm's state, to test the notifications.
 *
 * @module
 */
import { fleetAlarms, setAlarmState } from "../../aws/cloudwatch/alarms.ts";
import { command, UsageError } from "../../cli/command.ts";
import { didYouMean } from "../../cli/nearest.ts";
import type { AlarmState } from "../../scaling/model/alarm.ts";
import { ACCOUNT_OPTIONS, withAws } from "../account.ts";
import { forEachTarget } from "../instances/targets.ts";
import { existingAlarm } from "./lookup.ts";

const STATES = ["OK", "ALARM", "INSUFFICIENT_DATA"] as const satisfies AlarmState[];

export const test = command({
  name: "test",
  summary: "Set an alarm's state until CloudWatch evaluates the alarm again, to test the notifications",
  description: `STATE is ${STATES.join(", ")}.`,
  args: "NAME STATE",
  options: ACCOUNT_OPTIONS,
  examples: ["admin alarms test kas:cpuhigh:i-0123456789abcdef0 ALARM"],
  run: (context) => {
    const { flags, args: [target = "", word = ""], signal } = context;
    const state = STATES.find((state) => state === word.toUpperCase());
    if (state === undefined) {
      throw new UsageError(
        `Cannot set state "${word}": expected ${STATES.join(", ")}${didYouMean(word, STATES)}`,
      );
    }
    return withAws(context, async (aws) => {
      const existing = await fleetAlarms(aws, flags.fleet, signal);
      return await forEachTarget(context, ["name", "before", "after"], [target], (name) => {
        const before = existingAlarm(name, existing, flags.fleet).state;
        return {
          actions: [`set alarm ${name} from ${before} to ${state}`],
          apply: async () => {
            await setAlarmState(aws, name, state, "Set by kas admin alarms test");
            return [{ name, before, after: state }];
          },
        };
      });
    });
  },
});
