/**
 * The parts of CloudWatch's client that kas uses. kas imports this module when it first calls CloudWatch. The module
 * names each command, so that the bundler leaves the other commands out.
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
