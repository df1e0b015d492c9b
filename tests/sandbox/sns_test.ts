import { createVerify, X509Certificate } from "node:crypto";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { makeSigner } from "../../src/sandbox/certificate.ts";
import { Faults } from "../../src/sandbox/faults.ts";
import { AwsError, type Shape } from "../../src/sandbox/service.ts";
import { sns } from "../../src/sandbox/sns.ts";
import { handClock } from "./hand_clock.ts";

const signer = makeSigner(Date.UTC(2025, 8, 16, 16, 58));
const TOPIC = "arn:aws:sns:eu-west-1:000000000000:kas";

/** A message as it came to the endpoint. */
interface Arrival {
  readonly headers: Headers;
  readonly body: Record<string, string>;
}

/** SNS with the topic `kas`, and an HTTP endpoint that answers as the test says. */
function bench({ speed = 1, seed = 1 } = {}) {
  const clock = handClock(speed);
  const faults = new Faults(seed);
  const arrivals: Arrival[] = [];
  let answer: () => Response | Promise<Response> = () => new Response("ok");
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    arrivals.push({ headers: request.headers, body: JSON.parse(await request.text()) });
    clock.nudge();
    return await answer();
  });
  const endpoint = `http://127.0.0.1:${server.addr.port}/`;
  const service = sns({
    clock,
    region: "eu-west-1",
    endpoint: () => "http://127.0.0.1:4580",
    faults,
    signer,
  });
  const actionOf = (action: string, signed = true) => {
    const run = (signed ? service.service : service.unsigned)[action];
    assert(run, `${action} is there`);
    return run;
  };
  const call = async (action: string, input: Shape = {}): Promise<Shape> =>
    await actionOf(action)(input) ?? {};
  return {
    clock,
    faults,
    arrivals,
    endpoint,
    actionOf,
    call,
    publish: service.publish,
    /** How the endpoint answers from now on. */
    answering: (next: typeof answer) => {
      answer = next;
    },
    /** The message that arrives as number `n`, from 1. */
    arrival: async (n: number): Promise<Arrival> => {
      await clock.until(() => arrivals.length >= n);
      const found = arrivals[n - 1];
      assert(found);
      return found;
    },
    /** Subscribes the endpoint and confirms it; the confirmation is then arrival 1. Returns the subscription's ARN. */
    subscribe: async (confirmation: Shape = {}): Promise<string> => {
      await call("CreateTopic", { Name: "kas" });
      await call("Subscribe", { TopicArn: TOPIC, Protocol: "http", Endpoint: endpoint });
      await clock.until(() => arrivals.length === 1);
      const Token = arrivals[0]?.body["Token"];
      const { SubscriptionArn } = await call("ConfirmSubscription", {
        TopicArn: TOPIC,
        Token,
        ...confirmation,
      });
      return String(SubscriptionArn);
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await server.shutdown();
    },
  };
}

/** The state of the topic's subscriptions. */
async function listed(it: ReturnType<typeof bench>): Promise<unknown[]> {
  const { Subscriptions } = await it.call("ListSubscriptionsByTopic", { TopicArn: TOPIC }) as {
    Subscriptions: Shape[];
  };
  return Subscriptions.map((subscription) => subscription["SubscriptionArn"]);
}

/** Whether a message's signature is good, worked out here from the documentation and not by the sandbox. */
function verifies({ body }: Arrival): boolean {
  const keys = body["Type"] === "Notification"
    ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
  const text = keys.filter((key) => key in body).map((key) => `${key}\n${body[key]}\n`).join("");
  const algorithm = { "1": "RSA-SHA1", "2": "RSA-SHA256" }[body["SignatureVersion"] ?? ""] ?? "";
  const { publicKey } = new X509Certificate(signer.pem);
  return createVerify(algorithm).update(text, "utf8").verify(publicKey, body["Signature"] ?? "", "base64");
}

Deno.test("Subscribe leaves the subscription pending and asks the endpoint to confirm it", async () => {
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

Deno.test("Subscribe returns the subscription that is there, and its ARN if it is asked for", async () => {
  await using it = bench();
  await it.call("CreateTopic", { Name: "kas" });
  const input = { TopicArn: TOPIC, Protocol: "http", Endpoint: it.endpoint, ReturnSubscriptionArn: "true" };
  const first = await it.call("Subscribe", input);
  assertMatch(String(first["SubscriptionArn"]), /^arn:aws:sns:eu-west-1:000000000000:kas:[0-9a-f-]{36}$/);
  assertEquals(await it.call("Subscribe", input), first);
  assertEquals((await listed(it)).length, 1);
  // Each call asks again.
  await it.arrival(2);
});

Deno.test("a confirmed subscription gets notifications, as SNS posts them", async () => {
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

Deno.test("messages are signed by the topic's SignatureVersion, with a Subject and without", async () => {
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

Deno.test("a topic without confirmed subscriptions takes messages and sends none", async () => {
  await using it = bench();
  await it.call("CreateTopic", { Name: "kas" });
  await it.call("Subscribe", { TopicArn: TOPIC, Protocol: "http", Endpoint: it.endpoint });
  await it.arrival(1);
  assertMatch(it.publish(TOPIC, undefined, "unheard"), /^[0-9a-f-]{36}$/);
  await it.call("ConfirmSubscription", { TopicArn: TOPIC, Token: it.arrivals[0]?.body["Token"] });
  it.publish(TOPIC, undefined, "heard");
  assertEquals((await it.arrival(2)).body["Message"], "heard");
});

Deno.test("ConfirmSubscription takes its token again and again, and no other", async () => {
  await using it = bench();
  const arn = await it.subscribe();
  const Token = it.arrivals[0]?.body["Token"];
  assertEquals(await it.call("ConfirmSubscription", { TopicArn: TOPIC, Token }), { SubscriptionArn: arn });
  const confirm = () => it.actionOf("ConfirmSubscription")({ TopicArn: TOPIC, Token: "2336412f37fb" });
  const error = assertThrows(confirm, AwsError, "Invalid parameter: Token");
  assertEquals([error.code, error.status], ["InvalidParameter", 400]);
});

Deno.test("a token no longer confirms after two days", async () => {
  await using it = bench();
  await it.call("CreateTopic", { Name: "kas" });
  await it.call("Subscribe", { TopicArn: TOPIC, Protocol: "http", Endpoint: it.endpoint });
  const { body } = await it.arrival(1);
  it.clock.advance(48 * 3_600_000 + 1);
  const confirm = () => it.actionOf("ConfirmSubscription")({ TopicArn: TOPIC, Token: body["Token"] });
  assertThrows(confirm, AwsError, "Invalid parameter: Token");
});

Deno.test("whoever has the UnsubscribeURL ends the subscription, and its endpoint is told how to get it back", async () => {
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

Deno.test("AuthenticateOnUnsubscribe keeps the UnsubscribeURL from working, but not a signed Unsubscribe", async () => {
  await using it = bench();
  const arn = await it.subscribe({ AuthenticateOnUnsubscribe: "true" });
  const error = assertThrows(() => it.actionOf("Unsubscribe", false)({ SubscriptionArn: arn }), AwsError);
  assertEquals([error.code, error.status], ["AuthorizationError", 403]);
  await it.call("Unsubscribe", { SubscriptionArn: arn });
  assertEquals(await listed(it), []);
  // Of one that is not there, too.
  await it.call("Unsubscribe", { SubscriptionArn: arn });
  it.publish(TOPIC, undefined, "unheard");
  assertEquals(it.arrivals.length, 1);
});

Deno.test("GetSubscriptionAttributes tells a pending subscription from one that a signed call confirmed", async () => {
  await using it = bench();
  const arn = await it.subscribe();
  const { Attributes } = await it.call("GetSubscriptionAttributes", { SubscriptionArn: arn }) as {
    Attributes: Shape;
  };
  const names = ["PendingConfirmation", "ConfirmationWasAuthenticated", "Endpoint"];
  assertEquals(names.map((name) => Attributes[name]), ["false", "true", it.endpoint]);
});

Deno.test("delivery is tried again on 5xx, 20 s later, three times, with the same MessageId", async () => {
  await using it = bench();
  await it.subscribe();
  it.answering(() => new Response("busy", { status: 500 }));
  const MessageId = it.publish(TOPIC, undefined, "again");
  for (const attempt of [1, 2, 3]) {
    await it.arrival(attempt + 1);
    await it.clock.until(() => it.clock.timers[0] === 20_000);
    it.clock.advance(19_999);
    assertEquals(it.arrivals.length, attempt + 1, "not before 20 s");
    it.clock.advance(1);
  }
  await it.arrival(5);
  await it.clock.until(() => it.clock.timers.length === 0);
  assertEquals(it.arrivals.slice(1).map(({ body }) => body["MessageId"]), Array(4).fill(MessageId));
});

Deno.test("delivery ends with a 4xx", async () => {
  await using it = bench();
  await it.subscribe();
  it.answering(() => new Response("no", { status: 400 }));
  it.publish(TOPIC, undefined, "once");
  await it.arrival(2);
  await it.clock.until(() => it.clock.timers[0] !== 15_000);
  assertEquals(it.clock.timers, [], "no retry is to come");
});

Deno.test("delivery follows a DeliveryPolicy, and its delays the clock's speed", async () => {
  await using it = bench({ speed: 10 });
  const arn = await it.subscribe();
  const AttributeValue = JSON.stringify({
    healthyRetryPolicy: { numRetries: 1, minDelayTarget: 5, maxDelayTarget: 5 },
  });
  await it.call("SetSubscriptionAttributes", {
    SubscriptionArn: arn,
    AttributeName: "DeliveryPolicy",
    AttributeValue,
  });
  it.answering(() => new Response("busy", { status: 503 }));
  it.publish(TOPIC, undefined, "again");
  await it.arrival(2);
  await it.clock.until(() => it.clock.timers[0] === 5_000);
  const before = it.clock.now();
  it.clock.advance(5_000);
  assertEquals(it.clock.now() - before, 500);
  await it.arrival(3);
  await it.clock.until(() => it.clock.timers.length === 0);
});

Deno.test("an attempt without an answer fails after 15 s", async () => {
  await using it = bench();
  await it.subscribe();
  const { promise: hanging, resolve: release } = Promise.withResolvers<Response>();
  it.answering(() => hanging);
  it.publish(TOPIC, undefined, "slow");
  await it.arrival(2);
  it.answering(() => new Response("ok"));
  it.clock.advance(15_000);
  await it.clock.until(() => it.clock.timers[0] === 20_000);
  it.clock.advance(20_000);
  await it.arrival(3);
  release(new Response("too late"));
});

Deno.test("a refused connection is tried again", async () => {
  await using it = bench();
  await it.call("CreateTopic", { Name: "kas" });
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  await it.call("Subscribe", { TopicArn: TOPIC, Protocol: "http", Endpoint: `http://127.0.0.1:${port}/` });
  for (const _retry of [1, 2, 3]) {
    await it.clock.until(() => it.clock.timers[0] === 20_000);
    it.clock.advance(20_000);
  }
  await it.clock.until(() => it.clock.timers.length === 0);
});

Deno.test("sns-duplicates delivers messages twice, sns-loss not at all, by the seed and while they are on", async () => {
  const counts = async (fault: string, seed: number): Promise<number[]> => {
    await using it = bench({ seed });
    await it.subscribe();
    it.faults.set(fault);
    for (let i = 0; i < 20; i++) it.publish(TOPIC, undefined, String(i));
    it.faults.clear();
    it.publish(TOPIC, undefined, "20");
    await it.clock.until(() => it.arrivals.some(({ body }) => body["Message"] === "20"));
    await it.clock.until(() => it.clock.timers.length === 0);
    const heard = it.arrivals.slice(1).map(({ body }) => Number(body["Message"]));
    return Array.from({ length: 21 }, (_, i) => heard.filter((message) => message === i).length);
  };
  const lost = await counts("sns-loss=0.5", 7);
  assertEquals(await counts("sns-loss=0.5", 7), lost);
  assertEquals(new Set(lost), new Set([0, 1]));
  const twice = await counts("sns-duplicates=0.5", 7);
  assertEquals(new Set(twice), new Set([1, 2]));
  assertEquals([lost.at(-1), twice.at(-1)], [1, 1]);
});

Deno.test("SNS refuses what it refuses on AWS", async (t) => {
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

Deno.test("topics are created once, listed in pages, tagged and deleted", async () => {
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

Deno.test("disposing of SNS gives up deliveries that wait for an answer or for their next attempt", async () => {
  const it = bench();
  await it.subscribe();
  const { promise: hanging, resolve: release } = Promise.withResolvers<Response>();
  it.answering(() => new Response("busy", { status: 500 }));
  it.publish(TOPIC, undefined, "waits for its next attempt");
  await it.arrival(2);
  await it.clock.until(() => it.clock.timers[0] === 20_000);
  it.answering(() => hanging);
  it.publish(TOPIC, undefined, "waits for an answer");
  await it.arrival(3);
  const over = it[Symbol.asyncDispose]();
  release(new Response("ok"));
  await over;
  assertEquals([it.clock.timers, it.arrivals.length], [[], 3]);
});
