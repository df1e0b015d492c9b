/**
 * What kas uses of CloudWatch's client. Imported lazily; naming each command lets a bundler drop the others.
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
