/**
 * The parts of CloudWatch's client that kas uses. Imported lazily. Naming each command lets the bundler drop the
 * others.
 *
 * @module
 */
export {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
