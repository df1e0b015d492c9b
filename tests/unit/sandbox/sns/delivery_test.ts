import { assertEquals } from "@std/assert";
import { bench, TOPIC } from "./bench.ts";

Deno.test("SNS repeats a delivery that gets status 5xx three times, 20 s apart, with the same MessageId", async () => {
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

Deno.test("SNS does not repeat a delivery that gets status 4xx", async () => {
  await using it = bench();
  await it.subscribe();
  it.answering(() => new Response("no", { status: 400 }));
  it.publish(TOPIC, undefined, "once");
  await it.arrival(2);
  await it.clock.until(() => it.clock.timers[0] !== 15_000);
  assertEquals(it.clock.timers, [], "no retry is to come");
});

Deno.test("SNS retries follow the DeliveryPolicy at the speed of the sandbox's clock", async () => {
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

Deno.test("a delivery attempt without a response fails after 15 s", async () => {
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

Deno.test("SNS repeats a delivery after a refused connection", async () => {
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

Deno.test("the fault sns-duplicates delivers random messages twice, and the fault sns-loss drops random messages", async () => {
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

Deno.test("the disposal of SNS aborts deliveries that wait for a response or a retry", async () => {
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
