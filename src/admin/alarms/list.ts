/**
 * The command `kas admin alarms list`.
 *
 * @module
 */
import { type AlarmDetail, fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import { command } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { ACCOUNT_OPTIONS, topicName, withAws } from "../account.ts";
import { refuseWithoutInstances } from "../setup/fleets.ts";

export const list = command({
  name: "list",
  summary: "List the fleet's alarms and their states",
  options: ACCOUNT_OPTIONS,
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, out, signal } = context;
      const found = await fleetAlarms(aws, flags.fleet, signal);
      if (found.length === 0) await refuseWithoutInstances(aws, flags, signal);
      await out.table(
        ["kind", "name", "metric", "period", "dimension", "state", "topic"],
        found.map(alarmRow),
        // A narrow terminal leaves out these columns, because the name contains kind and dimension.
        ["dimension", "kind", "topic", "period"],
      );
    }),
});

/** Short forms of comparison operators. Source: CloudWatch API, PutMetricAlarm, ComparisonOperator. */
const OPERATORS: Record<string, string> = {
  GreaterThanOrEqualToThreshold: ">=",
  GreaterThanThreshold: ">",
  LessThanOrEqualToThreshold: "<=",
  LessThanThreshold: "<",
};

function alarmRow(alarm: AlarmDetail): Row {
  const { kind, name, metric, statistic, comparison, threshold, period, dimension, state } = alarm;
  const [topic] = [...alarm.alarmActions, ...alarm.okActions];
  return {
    kind,
    name,
    metric: `${metric.name}(${statistic})${OPERATORS[comparison] ?? comparison}${threshold}`,
    period,
    dimension,
    state,
    topic: topic && topicName(topic),
  };
}
