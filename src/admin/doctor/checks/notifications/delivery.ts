/**
 * Doctor's check of the delivery of notifications: from the alarms to the topic, and from the topic to the autoscaler.
 *
 * @module
 */
import { topicName } from "../../../account.ts";
import { type Check, failed, type Finding, orOk, skipped } from "../../check.ts";
import { type Observation, required } from "../../observation.ts";
import { whyCloudWatchIsDenied } from "./topic_policy.ts";

/**
 * Matches the AWS managed key of SNS. The policy of this key does not allow CloudWatch to use the key, and nobody can change the
 * policy. Source: SNS Developer Guide, "Managing SNS encryption keys".
 */
const AWS_KEY = /(^|:)alias\/aws\/sns$/;

export const delivery: Check = {
  name: "delivery",
  expects:
    "CloudWatch may publish to the topic, and SNS delivers every message with a signature, which the autoscaler needs",
  run: (observation) => {
    const { plan } = observation;
    if (plan.pull) return skipped("with --pull the autoscaler polls the alarms");
    const arn = required(observation.topic)?.arn;
    const attributes = required(observation.topicAttributes);
    if (arn === undefined || attributes === undefined) return skipped("the fleet has no topic");
    const findings = [
      ...encryption(observation, arn),
      ...policy(observation, arn),
      ...subscriptions(observation),
    ];
    const key = attributes["KmsMasterKeyId"];
    return orOk(
      findings,
      key === undefined || key === ""
        ? `CloudWatch may publish to topic ${topicName(arn)}`
        : `CloudWatch may publish to topic ${
          topicName(arn)
        }, if the policy of key ${key} allows CloudWatch ` +
          "kms:GenerateDataKey and kms:Decrypt",
    );
  },
};

function encryption({ plan, topicAttributes }: Observation, arn: string): Finding[] {
  const key = required(topicAttributes)?.["KmsMasterKeyId"] ?? "";
  if (!AWS_KEY.test(key)) return [];
  const detail = `topic ${
    topicName(arn)
  } is encrypted with ${key}, and the policy of this key does not allow CloudWatch to publish`;
  const off = ["--attribute-name", "KmsMasterKeyId", "--attribute-value", ""];
  return [failed(detail, plan.aws("sns", "set-topic-attributes", "--topic-arn", arn, ...off))];
}

function policy({ topicAttributes }: Observation, arn: string): Finding[] {
  const json = required(topicAttributes)?.["Policy"];
  const why = json === undefined ? undefined : whyCloudWatchIsDenied(json);
  if (why === undefined) return [];
  const remedy =
    "allow the service cloudwatch.amazonaws.com sns:Publish in the topic's policy, and remove statements that deny it";
  return [failed(`the policy of topic ${topicName(arn)} ${why}`, remedy)];
}

function subscriptions({ plan, topic, subscriptionAttributes }: Observation): Finding[] {
  const endpoints = new Map(required(topic)?.subscriptions.map(({ arn, endpoint }) => [arn, endpoint]));
  const set = (arn: string, name: string, value: string) =>
    plan.aws(
      ...["sns", "set-subscription-attributes", "--subscription-arn", arn],
      ...["--attribute-name", name, "--attribute-value", value],
    );
  return [...required(subscriptionAttributes)].flatMap(([arn, attributes]): Finding[] => {
    const endpoint = endpoints.get(arn) ?? arn;
    const { RawMessageDelivery: raw, FilterPolicy: filter } = attributes;
    return [
      ...(raw?.toLowerCase() === "true"
        ? [failed(
          `SNS delivers raw messages to ${endpoint}: raw messages have no signature, so the autoscaler refuses them`,
          set(arn, "RawMessageDelivery", "false"),
        )]
        : []),
      ...(filter === undefined || isEmpty(filter) ? [] : [failed(
        `a filter policy keeps SNS from delivering messages to ${endpoint}: messages of alarms have no message attributes`,
        set(arn, "FilterPolicy", "{}"),
      )]),
    ];
  });
}

/** Returns whether a filter policy lets all messages pass, as `{}` and "" do. */
function isEmpty(filter: string): boolean {
  return /^\s*(\{\s*\})?\s*$/.test(filter);
}
