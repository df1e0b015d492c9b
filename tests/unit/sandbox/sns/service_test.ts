import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { AwsError, type Shape } from "../../../../src/sandbox/wire/action.ts";
import { bench, listed, signer, TOPIC, verifies } from "./bench.ts";

Deno.test("Subscribe creates a pending subscription and sends the endpoint a request for confirmation", async () => {
  await using it = bench();
  assertEquals(await it.call("CreateTopic", { Name: "kas" }), { TopicArn: TOPIC });
  const answer = await it.call("Subscribe", { TopicArn: TOPIC, Protocol: "http", Endpoint: it.endpoint });
  assertEquals(answer, { SubscriptionArn: "pending confirmation" });
  assertEquals(await listed(it), ["PendingConfirmation"]);

  const { headers, body } = await it.arrival(1);
  assertEquals(headers.get("x-amz-sns-message-type"), "SubscriptionConfirmation");
  assertEquals(headers.get("x-amz-sns-subscription-arn"), null);
  assertEquals([body["Type"], body["TopicArn"]], ["SubscriptionConfirmation", TOPIC]);
  const url = new URL(body["SubscribeURL"] ?? "");
  assertEquals(url.origin, "http://127.0.0.1:4580");
  assertEquals(Object.fromEntries(url.searchParams), {
    Action: "ConfirmSubscription",
    TopicArn: TOPIC,
    Token: body["Token"] ?? "",
  });
  assert(verifies({ headers, body }));
});

Deno.test("Subscribe returns an existing subscription, and its ARN with ReturnSubscriptionArn", async () => {
  await using it = bench();
  await it.call("CreateTopic", { Name: "kas" });
  const input = { TopicArn: TOPIC, Protocol: "http", Endpoint: it.endpoint, ReturnSubscriptionArn: "true" };
  const first = await it.call("Subscribe", input);
  assertMatch(String(first["SubscriptionArn"]), /^arn:aws:sns:eu-west-1:000000000000:kas:[0-9a-f-]{36}$/);
  assertEquals(await it.call("Subscribe", input), first);
  assertEquals((await listed(it)).length, 1);
  // Each call sends another request to confirm.
  await it.arrival(2);
});

Deno.test("a confirmed subscription receives notifications with SNS's headers and body", async () => {
  await using it = bench();
  const arn = await it.subscribe();
  const MessageId = it.publish(TOPIC, 'ALARM: "kas" in EU (Ireland)', '{"Ä":1}');
  const { headers, body } = await it.arrival(2);
  const picked = [
    "x-amz-sns-message-type",
    "x-amz-sns-message-id",
    "x-amz-sns-topic-arn",
    "x-amz-sns-subscription-arn",
  ];
  assertEquals([...picked, "content-type", "user-agent"].map((name) => headers.get(name)), [
    "Notification",
    MessageId,
    TOPIC,
    arn,
    "text/plain; charset=UTF-8",
    "Amazon Simple Notification Service Agent",
  ]);
  const { Signature, ...rest } = body;
  assertEquals(rest, {
    Type: "Notification",
    MessageId,
    TopicArn: TOPIC,
    Subject: 'ALARM: "kas" in EU (Ireland)',
    Message: '{"Ä":1}',
    Timestamp: "2025-09-16T16:58:00.000Z",
    UnsubscribeURL: `http://127.0.0.1:4580/?Action=Unsubscribe&SubscriptionArn=${encodeURIComponent(arn)}`,
    SignatureVersion: "1",
    SigningCertURL: `http://127.0.0.1:4580${signer.path}`,
  });
  assert(Signature && verifies({ headers, body }));
});

Deno.test("SNS signs messages with the topic's SignatureVersion, with and without a Subject", async () => {
  await using it = bench();
  await it.subscribe();
  await it.call("SetTopicAttributes", {
    TopicArn: TOPIC,
    AttributeName: "SignatureVersion",
    AttributeValue: "2",
  });
  await it.call("Publish", { TopicArn: TOPIC, Message: "plain" });
  const arrival = await it.arrival(2);
  assertEquals([arrival.body["SignatureVersion"], "Subject" in arrival.body], ["2", false]);
  assert(verifies(arrival));
  assert(!verifies({ ...arrival, body: { ...arrival.body, Message: "forged" } }));
  assert(!verifies({ ...arrival, body: { ...arrival.body, Subject: "added" } }));
});

Deno.test("a topic without confirmed subscriptions accepts messages and sends no message", async () => {
  await using it = bench();
  await it.call("CreateTopic", { Name: "kas" });
  await it.call("Subscribe", { TopicArn: TOPIC, Protocol: "http", Endpoint: it.endpoint });
  await it.arrival(1);
  assertMatch(it.publish(TOPIC, undefined, "unheard"), /^[0-9a-f-]{36}$/);
  await it.call("ConfirmSubscription", { TopicArn: TOPIC, Token: it.arrivals[0]?.body["Token"] });
  it.publish(TOPIC, undefined, "heard");
  assertEquals((await it.arrival(2)).body["Message"], "heard");
});

Deno.test("ConfirmSubscription accepts its token repeatedly, and rejects all other tokens", async () => {
  await using it = bench();
  const arn = await it.subscribe();
  const Token = it.arrivals[0]?.body["Token"];
  assertEquals(await it.call("ConfirmSubscription", { TopicArn: TOPIC, Token }), { SubscriptionArn: arn });
  const confirm = () => it.actionOf("ConfirmSubscription")({ TopicArn: TOPIC, Token: "2336412f37fb" });
  const error = assertThrows(confirm, AwsError, "Invalid parameter: Token");
  assertEquals([error.code, error.status], ["InvalidParameter", 400]);
});

Deno.test("a subscription token expires after two days", async () => {
  await using it = bench();
  await it.call("CreateTopic", { Name: "kas" });
  await it.call("Subscribe", { TopicArn: TOPIC, Protocol: "http", Endpoint: it.endpoint });
  const { body } = await it.arrival(1);
  it.clock.advance(48 * 3_600_000 + 1);
  const confirm = () => it.actionOf("ConfirmSubscription")({ TopicArn: TOPIC, Token: body["Token"] });
  assertThrows(confirm, AwsError, "Invalid parameter: Token");
});

Deno.test("the UnsubscribeURL ends the subscription, and the endpoint receives a URL that restores the subscription", async () => {
  await using it = bench();
  const arn = await it.subscribe();
  await it.actionOf("Unsubscribe", false)({ SubscriptionArn: arn });
  assertEquals(await listed(it), []);
  const arrival = await it.arrival(2);
  assertEquals(arrival.headers.get("x-amz-sns-message-type"), "UnsubscribeConfirmation");
  assert(verifies(arrival));

  await it.actionOf("ConfirmSubscription", false)({ TopicArn: TOPIC, Token: arrival.body["Token"] });
  assertEquals(await listed(it), [arn]);
});

Deno.test("AuthenticateOnUnsubscribe disables the UnsubscribeURL, but not a signed Unsubscribe request", async () => {
  await using it = bench();
  const arn = await it.subscribe({ AuthenticateOnUnsubscribe: "true" });
  const error = assertThrows(() => it.actionOf("Unsubscribe", false)({ SubscriptionArn: arn }), AwsError);
  assertEquals([error.code, error.status], ["AuthorizationError", 403]);
  await it.call("Unsubscribe", { SubscriptionArn: arn });
  assertEquals(await listed(it), []);
  // An unknown subscription can be ended too.
  await it.call("Unsubscribe", { SubscriptionArn: arn });
  it.publish(TOPIC, undefined, "unheard");
  assertEquals(it.arrivals.length, 1);
});

Deno.test("GetSubscriptionAttributes shows whether a subscription is pending or was confirmed by a signed call", async () => {
  await using it = bench();
  const arn = await it.subscribe();
  const { Attributes } = await it.call("GetSubscriptionAttributes", { SubscriptionArn: arn }) as {
    Attributes: Shape;
  };
  const names = ["PendingConfirmation", "ConfirmationWasAuthenticated", "Endpoint"];
  assertEquals(names.map((name) => Attributes[name]), ["false", "true", it.endpoint]);
});

Deno.test("the sandbox's SNS rejects the same invalid requests as AWS", async (t) => {
  await using it = bench();
  await it.call("CreateTopic", { Name: "kas", Attributes: { SignatureVersion: "2" } });
  const endpoint = "http://127.0.0.1:1/";
  const cases: readonly [name: string, action: string, input: Shape, code: string, status: number][] = [
    ["an unknown topic", "Publish", { TopicArn: `${TOPIC}2`, Message: "x" }, "NotFound", 404],
    ["no topic", "Publish", { Message: "x" }, "ValidationError", 400],
    ["a name for an ARN", "Publish", { TopicArn: "kas", Message: "x" }, "InvalidParameter", 400],
    [
      "another region's topic",
      "GetTopicAttributes",
      { TopicArn: "arn:aws:sns:us-east-1:000000000000:kas" },
      "InvalidParameter",
      400,
    ],
    [
      "another account's topic",
      "Subscribe",
      { TopicArn: "arn:aws:sns:eu-west-1:111111111111:kas", Protocol: "http", Endpoint: endpoint },
      "AuthorizationError",
      403,
    ],
    [
      "an endpoint of another protocol",
      "Subscribe",
      { TopicArn: TOPIC, Protocol: "https", Endpoint: endpoint },
      "InvalidParameter",
      400,
    ],
    [
      "an endpoint that is none",
      "Subscribe",
      { TopicArn: TOPIC, Protocol: "http", Endpoint: "here" },
      "InvalidParameter",
      400,
    ],
    ["mail", "Subscribe", { TopicArn: TOPIC, Protocol: "email", Endpoint: "a@b.c" }, "InvalidParameter", 400],
    ["an empty message", "Publish", { TopicArn: TOPIC, Message: "" }, "InvalidParameter", 400],
    [
      "a message too long",
      "Publish",
      { TopicArn: TOPIC, Message: "ä".repeat(131_073) },
      "InvalidParameter",
      400,
    ],
    [
      "a subject too long",
      "Publish",
      { TopicArn: TOPIC, Message: "x", Subject: "s".repeat(100) },
      "InvalidParameter",
      400,
    ],
    [
      "a subject of two lines",
      "Publish",
      { TopicArn: TOPIC, Message: "x", Subject: "a\nb" },
      "InvalidParameter",
      400,
    ],
    [
      "SignatureVersion 3",
      "SetTopicAttributes",
      { TopicArn: TOPIC, AttributeName: "SignatureVersion", AttributeValue: "3" },
      "InvalidParameter",
      400,
    ],
    ["a topic's name", "CreateTopic", { Name: "kas.fifo" }, "InvalidParameter", 400],
    [
      "other attributes than the topic's",
      "CreateTopic",
      { Name: "kas", Attributes: { SignatureVersion: "1" } },
      "InvalidParameter",
      400,
    ],
    [
      "an unknown subscription",
      "GetSubscriptionAttributes",
      { SubscriptionArn: `${TOPIC}:1` },
      "NotFound",
      404,
    ],
    [
      "the word for a pending one",
      "Unsubscribe",
      { SubscriptionArn: "PendingConfirmation" },
      "InvalidParameter",
      400,
    ],
  ];
  for (const [name, action, input, code, status] of cases) {
    await t.step(name, () => {
      const error = assertThrows(() => it.actionOf(action)(input), AwsError);
      assertEquals([error.code, error.status], [code, status]);
    });
  }
  await it.call("Publish", { TopicArn: TOPIC, Message: "ä".repeat(131_072), Subject: "s".repeat(99) });
});

Deno.test("a topic is created only once, and topics can be listed in pages, tagged and deleted", async () => {
  await using it = bench();
  for (let i = 0; i < 120; i++) await it.call("CreateTopic", { Name: `t${i}` });
  await it.call("CreateTopic", { Name: "t0", Tags: [{ Key: "kas:fleet", Value: "kas" }] });
  const first = await it.call("ListTopics") as { Topics: Shape[]; NextToken: string };
  const second = await it.call("ListTopics", { NextToken: first.NextToken }) as { Topics: Shape[] };
  assertEquals([first.Topics.length, second.Topics.length, "NextToken" in second], [100, 20, false]);
  const ResourceArn = "arn:aws:sns:eu-west-1:000000000000:t0";
  assertEquals(await it.call("ListTagsForResource", { ResourceArn }), {
    Tags: [{ Key: "kas:fleet", Value: "kas" }],
  });
  await it.call("DeleteTopic", { TopicArn: ResourceArn });
  await it.call("DeleteTopic", { TopicArn: ResourceArn });
  assertThrows(
    () => it.actionOf("GetTopicAttributes")({ TopicArn: ResourceArn }),
    AwsError,
    "Topic does not exist",
  );
});

Deno.test("an ended subscription that its endpoint restores counts as not confirmed by a signed call", async () => {
  await using it = bench();
  const SubscriptionArn = await it.subscribe();
  await it.actionOf("Unsubscribe", false)({ SubscriptionArn });
  const { body } = await it.arrival(2);
  await it.actionOf("ConfirmSubscription", false)({ TopicArn: TOPIC, Token: body["Token"] });
  const { Attributes } = await it.call("GetSubscriptionAttributes", { SubscriptionArn }) as {
    Attributes: Shape;
  };
  assertEquals(Attributes["ConfirmationWasAuthenticated"], "false");
});

Deno.test("the fault check-endpoints makes Subscribe fail if the endpoint does not accept a connection", async () => {
  await using it = bench();
  await it.call("CreateTopic", { Name: "kas" });
  it.faults.set("check-endpoints=on");
  const subscribe = (Endpoint: string) =>
    it.call("Subscribe", { TopicArn: TOPIC, Protocol: "http", Endpoint });
  const error = await assertRejects(
    () => subscribe("http://127.0.0.1:1/"),
    AwsError,
    "Invalid parameter: Unreachable Endpoint",
  );
  assertEquals([error.code, await listed(it)], ["InvalidParameter", []]);
  await subscribe(it.endpoint);
  assertEquals([(await listed(it)).length, it.arrivals.length], [1, 1]);
});
