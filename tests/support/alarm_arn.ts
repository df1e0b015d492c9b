/**
 * ARNs of alarms.
 *
 * @module
 */

/** Returns the ARN of an alarm in the account and region of a topic. Default: a topic of the sandbox. */
export function alarmArn(name: string, topicArn = "arn:aws:sns:eu-west-1:000000000000:kas"): string {
  const [, partition, , region, account] = topicArn.split(":");
  return `arn:${partition}:cloudwatch:${region}:${account}:alarm:${name}`;
}
