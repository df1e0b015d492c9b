import { assertEquals, assertRejects } from "@std/assert";
import {
  confirmSubscription,
  createTopic,
  listSubscriptions,
  listTopics,
  subscribe,
  unsubscribe,
} from "../../../../src/aws/sns/topic.ts";
import { query, queryError, wire } from "../wire.ts";

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:kas";
const URL = "https://kas.example/sns";

Deno.test("listTopics() and listSubscriptions() read every page", async () => {
  await using server = wire(({ action, input }) => {
    const next = input["NextToken"] === undefined ? "<NextToken>t</NextToken>" : "";
    const n = next ? 1 : 2;
    return action === "ListTopics"
      ? query(action, `<Topics><member><TopicArn>${TOPIC}${n}</TopicArn></member></Topics>${next}`)
      : query(action, `<Subscriptions>${subscription(n)}</Subscriptions>${next}`);
  });
  assertEquals(await Array.fromAsync(listTopics(server.aws)), [`${TOPIC}1`, `${TOPIC}2`]);
  assertEquals(await Array.fromAsync(listSubscriptions(server.aws, TOPIC)), [
    { arn: "PendingConfirmation", endpoint: URL, protocol: "https", status: "pending" },
    { arn: `${TOPIC}:2`, endpoint: URL, protocol: "https", status: "confirmed" },
  ]);
});

Deno.test("createTopic() sets signature version 2", async () => {
  await using server = wire(({ action }) =>
    query(action, action === "CreateTopic" ? `<TopicArn>${TOPIC}</TopicArn>` : "")
  );
  assertEquals(await createTopic(server.aws, "kas"), TOPIC);
  const { AttributeName, AttributeValue, TopicArn } = server.calls[1]?.input ?? {};
  assertEquals([TopicArn, AttributeName, AttributeValue], [TOPIC, "SignatureVersion", "2"]);
});

Deno.test("subscribe() sets a delivery policy of 10 to 60 minutes, and the protocol of the URL", async () => {
  await using server = wire(({ action }) => query(action, `<SubscriptionArn>${TOPIC}:1</SubscriptionArn>`));
  assertEquals(await subscribe(server.aws, TOPIC, URL), `${TOPIC}:1`);
  const input = server.calls[0]?.input ?? {};
  assertEquals([input["Protocol"], input["Endpoint"], input["ReturnSubscriptionArn"]], [
    "https",
    URL,
    "true",
  ]);
  assertEquals(input["Attributes.entry.1.key"], "DeliveryPolicy");
  const { healthyRetryPolicy: policy } = JSON.parse(String(input["Attributes.entry.1.value"]));
  const between = policy.numRetries - policy.numMinDelayRetries - policy.numMaxDelayRetries -
    policy.numNoDelayRetries;
  const longest = policy.numMinDelayRetries * policy.minDelayTarget +
    (between + policy.numMaxDelayRetries) * policy.maxDelayTarget;
  // Source: SNS developer guide, "message delivery retries".
  assertEquals(longest > 600 && longest <= 3_600, true, `${longest} s`);
});

Deno.test("subscribe() returns an existing subscription and sets the delivery policy of the subscription", async () => {
  await using server = wire(({ action, input }) =>
    input["Attributes.entry.1.key"] === undefined
      ? query(action, `<SubscriptionArn>${TOPIC}:1</SubscriptionArn>`)
      : queryError(
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
      )
  );
  assertEquals(await subscribe(server.aws, TOPIC, URL), `${TOPIC}:1`);
  assertEquals(server.calls.map(({ action }) => action), [
    "Subscribe",
    "Subscribe",
    "SetSubscriptionAttributes",
  ]);
  assertEquals(server.calls[2]?.input["AttributeName"], "DeliveryPolicy");
});

Deno.test("subscribe() fails if SNS returns any other error", async () => {
  await using server = wire(() => queryError("InvalidParameter", "Invalid parameter: Endpoint"));
  await assertRejects(() => subscribe(server.aws, TOPIC, URL), Error, "Endpoint");
  assertEquals(server.calls.length, 1);
});

Deno.test("unsubscribe() ignores a pending subscription, because it has no ARN", async () => {
  await using server = wire(({ action }) => query(action, ""));
  await unsubscribe(server.aws, "PendingConfirmation");
  assertEquals(server.calls, []);
  await unsubscribe(server.aws, `${TOPIC}:1`);
  assertEquals(server.calls.map(({ action }) => action), ["Unsubscribe"]);
});

Deno.test("confirmSubscription() makes SNS require credentials to unsubscribe (R14)", async () => {
  await using server = wire(({ action }) => query(action, `<SubscriptionArn>${TOPIC}:1</SubscriptionArn>`));
  assertEquals(await confirmSubscription(server.aws, TOPIC, "token"), `${TOPIC}:1`);
  const { Token, TopicArn, AuthenticateOnUnsubscribe } = server.calls[0]?.input ?? {};
  assertEquals([TopicArn, Token, AuthenticateOnUnsubscribe], [TOPIC, "token", "true"]);
});

function subscription(n: number): string {
  const arn = n === 1 ? "PendingConfirmation" : `${TOPIC}:${n}`;
  return `<member><SubscriptionArn>${arn}</SubscriptionArn><Endpoint>${URL}</Endpoint><Protocol>https</Protocol></member>`;
}
