/**
 * The commands `kas admin topics subscriptions`, `subscribe` and `unsubscribe`.
 *
 * @module
 */
import type { Aws } from "../../aws/clients.ts";
import {
  listSubscriptions,
  subscribe as createSubscription,
  type Subscription,
  unsubscribe as deleteSubscription,
} from "../../aws/sns/topic.ts";
import { causeLines, describeError } from "../../aws/error_messages.ts";
import { code } from "../../aws/errors.ts";
import { command, ExitError, UsageError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { url } from "../../cli/parsers.ts";
import { ACCOUNT_OPTIONS, fleetTopic, topicName, withAws } from "../account.ts";
import { forEachTarget, printActions } from "../instances/targets.ts";

const COLUMNS = ["subscription", "endpoint", "protocol", "status"];

export const subscriptions = command({
  name: "subscriptions",
  summary: "List the subscriptions of the fleet's topic",
  options: ACCOUNT_OPTIONS,
  run: (context) =>
    withAws(context, async (aws) => {
      const topic = await fleetTopic(aws, context.flags);
      async function* rows(): AsyncGenerator<Row> {
        for await (const subscription of listSubscriptions(aws, topic)) yield subscriptionRow(subscription);
      }
      await context.out.table(COLUMNS, rows());
    }),
});

export const subscribe = command({
  name: "subscribe",
  summary: "Subscribe an autoscaler's URL to the fleet's topic; the autoscaler confirms the subscription",
  args: "URL",
  options: ACCOUNT_OPTIONS,
  examples: ["admin topics subscribe http://203.0.113.7:10000/"],
  run: (context) => {
    const { flags, args: [given = ""], out } = context;
    const endpoint = checkedUrl(given);
    return withAws(context, async (aws) => {
      const topic = await fleetTopic(aws, flags);
      if (flags.dryRun) {
        return await printActions(out, [{ action: `subscribe ${endpoint} to topic ${topicName(topic)}` }]);
      }
      await subscribeEndpoint(aws, topic, endpoint);
      const created = await findSubscription(aws, topic, endpoint);
      if (created === undefined) {
        throw new ExitError(
          `SNS does not list the subscription of ${endpoint} yet`,
          1,
          "kas admin topics subscriptions",
        );
      }
      await out.table(COLUMNS, [subscriptionRow(created)]);
    });
  },
});

function checkedUrl(text: string): string {
  try {
    return url(text);
  } catch (error) {
    throw new UsageError(`Cannot subscribe "${text}": ${error instanceof Error ? error.message : error}`);
  }
}

export const unsubscribe = command({
  name: "unsubscribe",
  summary: "Delete subscriptions of the fleet's topic",
  args: "ARN…",
  options: ACCOUNT_OPTIONS,
  run: (context) =>
    withAws(context, async (aws) => {
      const topic = await fleetTopic(aws, context.flags);
      const existing = await Array.fromAsync(listSubscriptions(aws, topic));
      return await forEachTarget(context, COLUMNS, context.args, (arn) => {
        const subscription = existing.find((subscription) => subscription.arn === arn);
        if (subscription === undefined) {
          throw new ExitError(`Topic ${topicName(topic)} has no subscription ${arn}`, 4);
        }
        if (subscription.status === "pending") {
          throw new ExitError(
            `Cannot delete subscription ${arn}: it is pending, and SNS deletes it within three days`,
            4,
          );
        }
        return {
          actions: [`delete subscription ${arn} of ${subscription.endpoint}`],
          apply: async () => {
            await deleteSubscription(aws, arn);
            return [subscriptionRow({ ...subscription, status: "deleted" })];
          },
        };
      });
    }),
});

function subscriptionRow({ arn, endpoint, protocol, status }: Subscription): Row {
  return { subscription: arn, endpoint, protocol, status };
}

/**
 * Subscribes an endpoint to a topic.
 *
 * @throws {ExitError} if SNS refuses the endpoint, for example because it cannot reach it
 */
export async function subscribeEndpoint(aws: Aws, topic: string, endpoint: string): Promise<void> {
  try {
    await createSubscription(aws, topic, endpoint);
  } catch (cause) {
    if (!(cause instanceof Error) || !code(cause)?.startsWith("InvalidParameter")) throw cause;
    // SNS's message names neither the endpoint nor the topic.
    const reason = /unreachable endpoint/i.test(cause.message)
      ? "SNS cannot reach a server at this URL"
      : describeError(cause).message;
    throw new ExitError(
      `Cannot subscribe ${endpoint} to topic ${topicName(topic)}: ${reason}`,
      1,
      "start kas autoscaler at an address that SNS can reach, then repeat the command with this address",
      { cause, details: causeLines(cause) },
    );
  }
}

/** Returns the subscription of an endpoint to a topic, or undefined if there is no such subscription. */
export async function findSubscription(
  aws: Aws,
  topic: string,
  endpoint: string,
): Promise<Subscription | undefined> {
  for await (const subscription of listSubscriptions(aws, topic)) {
    if (subscription.endpoint === endpoint && subscription.status !== "deleted") return subscription;
  }
  return undefined;
}
