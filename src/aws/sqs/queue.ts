/**
 * The backlog of SQS queues. kas asks SQS itself, whose number is some seconds old. CloudWatch has the same number once a minute and
 * some minutes late.
 *
 * @module
 */
import { type Aws, sendOptions } from "../clients.ts";
import { IncompleteAnswerError } from "../errors.ts";
import { perAccount } from "../many/gather.ts";

/**
 * Returns the approximate number of messages of a queue that a consumer can receive now. Source: SQS API, GetQueueAttributes,
 * ApproximateNumberOfMessages.
 *
 * @param queue the URL of the queue, or its name in the account and region of the credentials
 */
export async function visibleMessages(aws: Aws, queue: string, signal?: AbortSignal): Promise<number> {
  const [client, { GetQueueAttributesCommand }] = await sqs(aws);
  const QueueUrl = isUrl(queue) ? queue : await urls(aws, queue)(signal);
  const command = new GetQueueAttributesCommand({
    QueueUrl,
    AttributeNames: ["ApproximateNumberOfMessages"],
  });
  const { Attributes } = await client.send(command, sendOptions(signal));
  const text = Attributes?.ApproximateNumberOfMessages ?? "";
  if (!/^\d+$/.test(text)) {
    throw new IncompleteAnswerError("SQS's answer has no ApproximateNumberOfMessages");
  }
  return Number(text);
}

/** The function that asks for the URL of a queue. A queue keeps its URL, so kas asks until SQS has answered once. */
const urls = perAccount((aws, QueueName: string) => {
  let known: string | undefined;
  return async (signal?: AbortSignal): Promise<string> => {
    if (known !== undefined) return known;
    const [client, { GetQueueUrlCommand }] = await sqs(aws);
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName }), sendOptions(signal));
    if (QueueUrl === undefined) throw new IncompleteAnswerError("SQS's answer has no queue URL");
    return known = QueueUrl;
  };
});

function isUrl(queue: string): boolean {
  return queue.includes("://");
}

/** Loads SQS's client and commands. */
function sqs(aws: Aws) {
  return Promise.all([aws.sqs(), import("../sdk/sqs.ts")]);
}
