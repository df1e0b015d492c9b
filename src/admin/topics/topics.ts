/**
 * The commands `kas admin topics list` and `kas admin topics create`.
 *
 * @module
 */
import type { Aws } from "../../aws/clients.ts";
import { createTopic, listSubscriptions, listTopics } from "../../aws/sns/topic.ts";
import { command, UsageError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { ACCOUNT_OPTIONS, findTopic, topicName, withAws } from "../account.ts";
import { printActions } from "../instances/targets.ts";

const COLUMNS = ["arn", "name", "subscriptions"];

export const list = command({
  name: "list",
  summary: "List the account's topics",
  options: ACCOUNT_OPTIONS,
  run: (context) =>
    withAws(context, async (aws) => {
      async function* rows(): AsyncGenerator<Row> {
        for await (const arn of listTopics(aws)) yield await topicRow(aws, arn);
      }
      await context.out.table(COLUMNS, rows());
    }),
});

export const create = command({
  name: "create",
  summary: "Create a topic, or return the existing topic with this name",
  args: "NAME",
  options: ACCOUNT_OPTIONS,
  run: (context) => {
    const { flags, args: [name = ""], out } = context;
    // Source of the form of a topic's name: SNS API, CreateTopic, Name.
    if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) {
      throw new UsageError(
        `Cannot name a topic "${name}": expected up to 256 letters, digits, hyphens and underscores`,
      );
    }
    return withAws(context, async (aws) => {
      if (flags.dryRun) {
        const existing = await findTopic(aws, { fleet: name, topicArn: undefined });
        return await printActions(out, [{
          action: `${existing === undefined ? "create" : "leave"} topic ${name}`,
        }]);
      }
      await out.table(COLUMNS, [await topicRow(aws, await createTopic(aws, name))]);
    });
  },
});

async function topicRow(aws: Aws, arn: string): Promise<Row> {
  const { length } = await Array.fromAsync(listSubscriptions(aws, arn));
  return { arn, name: topicName(arn), subscriptions: length };
}
