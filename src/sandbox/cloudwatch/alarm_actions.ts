/**
 * CloudWatch's API actions on alarms, such as PutMetricAlarm and SetAlarmState.
 *
 * @module
 */
import { integer, oneOf, required, text, texts, time, validationError } from "../wire/input.ts";
import { page } from "../wire/paging.ts";
import { AwsError, type Service } from "../wire/action.ts";
import { alarmShape, readActionsEnabled, readAlarmDefinition, readMetric } from "./alarm.ts";
import { STATES } from "./alarm_evaluation.ts";
import type { Alarms } from "./alarms.ts";
import { HISTORY_ITEM_TYPES } from "./history.ts";
import { sameMetric, STATISTICS } from "./metrics.ts";

/** Items on a page if the request has no MaxRecords. */
const PAGE_SIZE = 50;

/** Returns CloudWatch's error for an invalid NextToken. */
export function invalidNextToken(): AwsError {
  return new AwsError("InvalidNextToken", "The next token specified is invalid");
}

/** Returns CloudWatch's API actions on alarms. */
export function alarmActions(alarms: Alarms): Service {
  const enable = (names: readonly string[], enabled: boolean) => {
    for (const name of names) {
      const alarm = alarms.get(name);
      if (alarm) alarm.actionsEnabled = enabled;
    }
  };
  return {
    PutMetricAlarm: (input) => alarms.put(readAlarmDefinition(input), readActionsEnabled(input)),

    DescribeAlarms: (input) => {
      const names = texts(input, "AlarmNames");
      const prefix = text(input, "AlarmNamePrefix");
      const types = texts(input, "AlarmTypes");
      const state = oneOf(input, "StateValue", STATES);
      const actionPrefix = text(input, "ActionPrefix");
      if (names.length > 0 && prefix !== undefined) {
        throw validationError("AlarmNames and AlarmNamePrefix cannot be specified together");
      }
      if (names.length > 100) throw validationError("Value at 'alarmNames' must have 100 members at most");
      const found = alarms.all().filter((alarm) =>
        (types.length === 0 || types.includes("MetricAlarm")) &&
        (names.length === 0 || names.includes(alarm.definition.name)) &&
        alarm.definition.name.startsWith(prefix ?? "") &&
        (state === undefined || alarm.state === state) &&
        (actionPrefix === undefined ||
          Object.values(alarm.definition.actions).flat().some((arn) => arn.startsWith(actionPrefix)))
      );
      const size = integer(input, "MaxRecords", 1, 100) ?? PAGE_SIZE;
      const { items, ...next } = page(
        found,
        ({ definition }) => definition.name,
        size,
        text(input, "NextToken"),
        invalidNextToken,
      );
      return { MetricAlarms: items.map(alarmShape), CompositeAlarms: [], ...next };
    },

    DescribeAlarmsForMetric: (input) => {
      const metric = readMetric(input);
      const statistic = oneOf(input, "Statistic", STATISTICS);
      const period = integer(input, "Period", 1, 86_400);
      const unit = text(input, "Unit");
      const found = alarms.all().filter(({ definition }) =>
        sameMetric(definition.metric, metric) &&
        (statistic === undefined || definition.statistic === statistic) &&
        (period === undefined || definition.period === period) &&
        (unit === undefined || definition.unit === unit)
      );
      return { MetricAlarms: found.map(alarmShape) };
    },

    DeleteAlarms: (input) => {
      const names = texts(input, "AlarmNames");
      required(names.length > 0 ? names : undefined, "AlarmNames");
      if (names.length > 100) throw validationError("Value at 'alarmNames' must have 100 members at most");
      const deleted = names.filter((name) => alarms.delete(name));
      if (deleted.length === 0) {
        throw new AwsError("ResourceNotFound", `Alarm not found: ${names.join(", ")}`, 404);
      }
    },

    SetAlarmState: (input) => {
      const name = required(text(input, "AlarmName"), "AlarmName");
      const state = required(oneOf(input, "StateValue", STATES), "StateValue");
      const reason = required(text(input, "StateReason"), "StateReason");
      const data = text(input, "StateReasonData");
      if (reason.length > 1_023) {
        throw validationError("Value at 'stateReason' must have a length of 1023 at most");
      }
      if (data !== undefined && !(data.length <= 4_000 && isJson(data))) {
        throw new AwsError(
          "InvalidFormat",
          "Value at 'stateReasonData' is not JSON of 4000 characters at most",
        );
      }
      const alarm = alarms.get(name);
      if (alarm === undefined) throw new AwsError("ResourceNotFound", `Alarm not found: ${name}`, 404);
      alarms.setState(alarm, state, reason, data);
    },

    EnableAlarmActions: (input) => enable(texts(input, "AlarmNames"), true),
    DisableAlarmActions: (input) => enable(texts(input, "AlarmNames"), false),

    DescribeAlarmHistory: (input) => {
      const name = text(input, "AlarmName");
      const type = oneOf(input, "HistoryItemType", HISTORY_ITEM_TYPES);
      const start = time(input, "StartDate") ?? -Infinity;
      const end = time(input, "EndDate") ?? Infinity;
      const newestFirst =
        oneOf(input, "ScanBy", ["TimestampDescending", "TimestampAscending"]) !== "TimestampAscending";
      const size = integer(input, "MaxRecords", 1, 100) ?? PAGE_SIZE;
      const found = alarms.history.items.filter((item) =>
        (name === undefined || item.alarm === name) &&
        (type === undefined || item.type === type) &&
        item.at >= start && item.at <= end
      );
      const keyOf = ({ number }: { number: number }) =>
        String(newestFirst ? Number.MAX_SAFE_INTEGER - number : number).padStart(16, "0");
      const { items, ...next } = page(found, keyOf, size, text(input, "NextToken"), invalidNextToken);
      return {
        AlarmHistoryItems: items.map((item) => ({
          AlarmName: item.alarm,
          AlarmType: "MetricAlarm",
          Timestamp: new Date(item.at),
          HistoryItemType: item.type,
          HistorySummary: item.summary,
          HistoryData: JSON.stringify(item.data),
        })),
        ...next,
      };
    },
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
