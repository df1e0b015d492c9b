/**
 * `kas admin topics`: SNS topics, and who is told by the fleet's.
 *
 * @module
 */
import type { Aws } from "../../aws/clients.ts";
import {
  createTopic,
  listSubscriptions,
  listTopics,
  subscribe as subscribeUrl,
  type Subscription,
  unsubscribe as unsubscribeArn,
} from "../../aws/sns/topic.ts";
import { command, ExitError, type Group, UsageError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { url } from "../../cli/parsers.ts";
import { ACCOUNT, connected, findTopic, fleetTopic, lastPart } from "../account.ts";
import { forEachTarget, printActions } from "../instances/targets.ts";

const TOPIC_COLUMNS = ["arn", "name", "subscriptions"];
const SUBSCRIPTION_COLUMNS = ["subscription", "endpoint", "protocol", "status"];

const list = command({
  name: "list",
  summary: "The account's topics",
  options: ACCOUNT,
  run: (context) =>
    connected(context, async (aws) => {
      async function* rows(): AsyncGenerator<Row> {
        for await (const arn of listTopics(aws)) yield await topicRow(aws, arn);
      }
      await context.out.table(TOPIC_COLUMNS, rows());
    }),
});

const create = command({
  name: "create",
  summary: "Create a topic; one that is there stays as it is",
  args: "NAME",
  options: ACCOUNT,
  run: (context) => {
    const { flags, args: [name = ""], out } = context;
    // Source: SNS API, CreateTopic, Name.
    if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) {
      throw new UsageError(
        `Cannot take "${name}" for a topic's name: expected letters, digits, hyphens, underscores`,
      );
    }
    return connected(context, async (aws) => {
      if (flags.dryRun) {
        const existing = await findTopic(aws, { fleet: name, topicArn: undefined });
        return await printActions(out, [{
          action: `${existing === undefined ? "create" : "leave"} topic ${name}`,
        }]);
      }
      await out.table(TOPIC_COLUMNS, [await topicRow(aws, await createTopic(aws, name))]);
    });
  },
});

async function topicRow(aws: Aws, arn: string): Promise<Row> {
  const { length } = await Array.fromAsync(listSubscriptions(aws, arn));
  return { arn, name: lastPart(arn), subscriptions: length };
}

const subscriptions = command({
  name: "subscriptions",
  summary: "Who is told by the fleet's topic",
  options: ACCOUNT,
  run: (context) =>
    connected(context, async (aws) => {
      const topic = await fleetTopic(aws, context.flags);
      async function* rows(): AsyncGenerator<Row> {
        for await (const subscription of listSubscriptions(aws, topic)) yield subscriptionRow(subscription);
      }
      await context.out.table(SUBSCRIPTION_COLUMNS, rows());
    }),
});

const subscribe = command({
  name: "subscribe",
  summary: "Subscribe an autoscaler's URL to the fleet's topic; it confirms by itself",
  args: "URL",
  options: ACCOUNT,
  examples: ["admin topics subscribe http://203.0.113.7:10000/"],
  run: (context) => {
    const { flags, args: [given = ""], out } = context;
    const endpoint = checkedUrl(given);
    return connected(context, async (aws) => {
      const topic = await fleetTopic(aws, flags);
      if (flags.dryRun) {
        return await printActions(out, [{ action: `subscribe ${endpoint} to topic ${lastPart(topic)}` }]);
      }
      await subscribeUrl(aws, topic, endpoint);
      const made = await findSubscription(aws, topic, endpoint);
      if (made === undefined) throw new ExitError(`SNS does not list the subscription of ${endpoint} yet`);
      await out.table(SUBSCRIPTION_COLUMNS, [subscriptionRow(made)]);
    });
  },
});

function checkedUrl(text: string): string {
  try {
    return url(text);
  } catch (error) {
    throw new UsageError(`Cannot take "${text}" for URL: ${error instanceof Error ? error.message : error}`);
  }
}

const unsubscribe = command({
  name: "unsubscribe",
  summary: "Delete subscriptions of the fleet's topic",
  args: "ARN…",
  options: ACCOUNT,
  run: (context) =>
    connected(context, async (aws) => {
      const topic = await fleetTopic(aws, context.flags);
      const existing = await Array.fromAsync(listSubscriptions(aws, topic));
      return await forEachTarget(context, SUBSCRIPTION_COLUMNS, context.args, (arn) => {
        const subscription = existing.find((subscription) => subscription.arn === arn);
        if (subscription === undefined || subscription.status === "pending") {
          const why = subscription === undefined ? "" : "; a pending one ends by itself within three days";
          throw new ExitError(`Topic ${lastPart(topic)} has no subscription ${arn} to delete${why}`, 4);
        }
        return {
          actions: [`delete subscription ${arn} of ${subscription.endpoint}`],
          apply: async () => {
            await unsubscribeArn(aws, arn);
            return [subscriptionRow({ ...subscription, status: "deleted" })];
          },
        };
      });
    }),
});

function subscriptionRow({ arn, endpoint, protocol, status }: Subscription): Row {
  return { subscription: arn, endpoint, protocol, status };
}

/** A topic's subscription of an endpoint, undefined if there is none. */
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

/** `kas admin topics`. */
export const topics: Group = {
  name: "topics",
  summary: "SNS topics: list, create, subscriptions, subscribe, unsubscribe",
  default: "list",
  commands: [list, create, subscriptions, subscribe, unsubscribe],
};
