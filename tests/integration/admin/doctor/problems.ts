/**
 * Problems of a fleet. For each problem, this list has the check that finds it and the command that repairs it.
 *
 * @module
 */
import { DisableAlarmActionsCommand, PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import { ModifyLoadBalancerAttributesCommand } from "@aws-sdk/client-elastic-load-balancing";
import { putAlarm } from "../../../../src/aws/cloudwatch/alarms.ts";
import { requestsOf } from "../../../../src/aws/balancing/classic_balancer.ts";
import { deleteBalancer } from "../../../../src/aws/balancing/classic_setup.ts";
import { quarantine } from "../../../../src/aws/ec2/quarantine.ts";
import { deleteTopic, listSubscriptions, unsubscribe } from "../../../../src/aws/sns/topic.ts";
import { BASE, NOBODY, NODE } from "../../../unit/admin/fleet.ts";
import { type Wired } from "./wired.ts";

/**
 * Problems. Each has a function that causes it, the check that finds it, the names in the finding, and the command that repairs
 * it.
 */
export const PROBLEMS: readonly {
  readonly name: string;
  readonly breaks: (w: Wired) => Promise<unknown>;
  readonly check: string;
  readonly result?: "warning";
  readonly names: readonly string[];
  readonly remedy: string;
}[] = [
  {
    name: "an instance without alarms",
    breaks: ({ fleet }) => fleet.rows(`alarms delete --instance ${NODE}`),
    check: "alarms",
    names: ["2 instances", NODE],
    remedy: "kas admin setup",
  },
  {
    name: "an instance with one of its two alarms",
    breaks: ({ fleet }) => fleet.rows(`alarms delete kas:cpulow:${NODE}`),
    check: "alarms",
    names: ["2 instances", NODE],
    remedy: "kas admin setup",
  },
  {
    name: "an alarm that notifies the topic of ALARM, but not of OK",
    breaks: async ({ aws, topicArn }) =>
      await (await aws.cloudWatch()).send(
        new PutMetricAlarmCommand({
          AlarmName: `kas:cpulow:${NODE}`,
          Namespace: "AWS/EC2",
          MetricName: "CPUUtilization",
          Statistic: "Average",
          Dimensions: [{ Name: "InstanceId", Value: NODE }],
          ComparisonOperator: "GreaterThanOrEqualToThreshold",
          Threshold: 42,
          Period: 60,
          EvaluationPeriods: 1,
          AlarmActions: [topicArn],
        }),
      ),
    check: "alarm-actions",
    names: ["1 alarm", `kas:cpulow:${NODE}`],
    remedy: "kas admin setup",
  },
  {
    name: "an alarm without actions",
    breaks: ({ aws }) => putAlarm(aws, { ...CPUHIGH, topicArn: undefined }),
    check: "alarm-actions",
    names: ["1 alarm", `kas:cpuhigh:${NODE}`],
    remedy: "kas admin setup",
  },
  {
    name: "an alarm that notifies a different topic",
    breaks: ({ aws }) => putAlarm(aws, { ...CPUHIGH, topicArn: "arn:aws:sns:eu-west-1:000000000000:other" }),
    check: "alarm-actions",
    names: ["1 alarm", `kas:cpuhigh:${NODE}`],
    remedy: "kas admin setup",
  },
  {
    name: "an alarm whose actions are disabled",
    breaks: async ({ aws }) =>
      await (await aws.cloudWatch()).send(
        new DisableAlarmActionsCommand({ AlarmNames: [`kas:cpulow:${NODE}`] }),
      ),
    check: "alarm-actions",
    names: ["1 alarm", `kas:cpulow:${NODE}`],
    remedy: "kas admin setup",
  },
  {
    name: "an alarm with the wrong comparison",
    breaks: async ({ aws, topicArn }) =>
      await (await aws.cloudWatch()).send(
        new PutMetricAlarmCommand({
          AlarmName: `kas:cpulow:${NODE}`,
          Namespace: "AWS/EC2",
          MetricName: "CPUUtilization",
          Statistic: "Average",
          Dimensions: [{ Name: "InstanceId", Value: NODE }],
          ComparisonOperator: "LessThanThreshold",
          Threshold: 42,
          Period: 60,
          EvaluationPeriods: 1,
          AlarmActions: [topicArn],
          OKActions: [topicArn],
        }),
      ),
    check: "alarm-comparison",
    names: ["LessThanThreshold", "GreaterThanOrEqualToThreshold", `kas:cpulow:${NODE}`],
    remedy: "kas admin setup",
  },
  {
    name: "a low threshold above the high threshold",
    breaks: ({ aws, topicArn }) => putAlarm(aws, { ...CPUHIGH, topicArn, threshold: 30 }),
    check: "thresholds",
    names: ["42", "30"],
    remedy: "kas admin setup --cpu 42:80",
  },
  {
    name: "thresholds that are too close",
    breaks: ({ fleet }) => fleet.rows("alarms set --all --cpu 60:80"),
    check: "thresholds",
    names: ["60", "1 instance at 80 %", "40 %"],
    remedy: "kas admin setup --cpu 40:80",
  },
  {
    name: "an alarm of an instance that does not exist",
    breaks: ({ aws, topicArn }) => putAlarm(aws, { ...CPUHIGH, dimension: NOBODY, topicArn }),
    check: "stray-alarms",
    result: "warning",
    names: ["1 alarm", `kas:cpuhigh:${NOBODY}`],
    remedy: `kas admin alarms delete kas:cpuhigh:${NOBODY}`,
  },
  {
    name: "an alarm that counts the requests to a different load balancer",
    breaks: ({ aws, topicArn }) =>
      putAlarm(aws, {
        ...CPUHIGH,
        topicArn,
        kind: "reqcount",
        dimension: "old",
        requests: requestsOf("old"),
      }),
    check: "stray-alarms",
    result: "warning",
    names: ["1 alarm", "load balancer kas", "kas:reqcount:old"],
    remedy: "kas admin alarms delete kas:reqcount:old",
  },
  {
    name: "a request alarm with a metric that no longer counts requests",
    breaks: ({ aws, topicArn }) =>
      putAlarm(aws, {
        ...CPUHIGH,
        topicArn,
        kind: "reqcount",
        dimension: "kas",
        requests: requestsOf("old"),
      }),
    check: "stray-alarms",
    result: "warning",
    names: ["1 alarm", "load balancer kas", "kas:reqcount:kas"],
    remedy: "kas admin setup",
  },
  {
    name: "a request alarm without actions",
    breaks: ({ fleet }) => fleet.rows("alarms set --requests 600 --pull --period 300"),
    check: "alarm-actions",
    names: ["1 alarm", "kas:reqcount:kas"],
    remedy: "kas admin setup",
  },
  {
    name: "a load balancer without draining",
    breaks: async ({ aws }) =>
      await (await aws.elb()).send(
        new ModifyLoadBalancerAttributesCommand({
          LoadBalancerName: "kas",
          LoadBalancerAttributes: { ConnectionDraining: { Enabled: false } },
        }),
      ),
    check: "draining",
    names: ["kas"],
    remedy: "kas admin balancers create kas",
  },
  {
    name: "no load balancer",
    breaks: ({ aws }) => deleteBalancer(aws, "kas"),
    check: "balancer",
    names: ["load balancer kas"],
    remedy: "kas admin setup --balancer classic",
  },
  {
    name: "a node that is registered but stopped",
    breaks: ({ fleet }) => fleet.rows(`balancers register kas ${NODE}`),
    check: "registered",
    names: [NODE, "stopped"],
    remedy: `kas admin balancers deregister kas ${NODE}`,
  },
  {
    name: "a node that runs but is not registered",
    breaks: async ({ fleet: { rows, sandbox } }) => {
      await rows(`instances start ${NODE}`);
      await sandbox.account.waitUntil(() =>
        sandbox.account.instances().some(({ id, state }) => id === NODE && state === "running")
      );
    },
    check: "registered",
    names: [NODE, "running"],
    remedy: `kas admin instances adopt ${NODE}`,
  },
  {
    name: "a base instance that is detached for maintenance",
    breaks: ({ fleet }) => fleet.rows(`instances detach ${BASE}`),
    check: "registered",
    result: "warning",
    names: [BASE, "detached"],
    remedy: `kas admin instances attach ${BASE}`,
  },
  {
    name: "a base instance that is stopped",
    breaks: async ({ fleet: { rows, sandbox } }) => {
      await rows(`instances stop ${BASE} --force`);
      await sandbox.account.waitUntil(() =>
        sandbox.account.instances().some(({ id, state }) => id === BASE && state === "stopped")
      );
    },
    check: "base",
    names: [BASE],
    remedy: `kas admin instances start ${BASE}`,
  },
  {
    name: "a quarantined node",
    breaks: ({ aws }) => quarantine(aws, NODE, "no capacity"),
    check: "quarantine",
    result: "warning",
    names: [NODE, "no capacity"],
    remedy: `kas admin instances release ${NODE}`,
  },
  {
    name: "a fleet whose only node is protected",
    breaks: ({ fleet }) => fleet.rows(`instances protect ${NODE}`),
    check: "protection",
    result: "warning",
    names: [NODE],
    remedy: `kas admin instances unprotect ${NODE}`,
  },
  {
    name: "a topic without a subscription",
    breaks: async ({ aws, topicArn }) => {
      for (const { arn } of await Array.fromAsync(listSubscriptions(aws, topicArn))) {
        await unsubscribe(aws, arn);
      }
    },
    check: "subscription",
    names: [],
    remedy: "kas admin setup --url URL",
  },
  {
    name: "no topic",
    breaks: ({ aws, topicArn }) => deleteTopic(aws, topicArn),
    check: "topic",
    names: ["topic kas"],
    remedy: "kas admin setup",
  },
];

const CPUHIGH = {
  fleet: "kas",
  kind: "cpuhigh",
  dimension: NODE,
  threshold: 80,
  period: 60,
  evaluations: 1,
} as const;
