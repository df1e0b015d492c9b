import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MetricReader } from "../../../../../src/autoscaler/telemetry/sources/reader.ts";
import type { BalancerRef } from "../../../../../src/aws/balancing/balancer.ts";
import { type Clock, realClock } from "../../../../../src/runtime.ts";
import type { MetricSpecs } from "../../../../../src/settings/metrics/spec.ts";
import { json, query, queryError, type Wire, wire } from "../../../aws/wire.ts";

const NOW = Date.UTC(2026, 10, 23, 12, 0, 30);
const MINUTE = 60_000;
const NEVER = new AbortController().signal;
const NONE: BalancerRef = { kind: "none", name: "none" };
const QUEUE = { type: "sqs", queue: "http://127.0.0.1:1/123456789012/orders" } as const;

/** A clock that a test moves. */
function clockAt(now: number): Clock & { elapse: (ms: number) => void } {
  let passed = 0;
  return {
    now: () => now + passed,
    elapsed: () => passed,
    sleep: (_, signal) => new Promise((_, reject) => signal?.addEventListener("abort", () => reject())),
    elapse: (ms) => passed += ms,
  };
}

function readerOf({ aws }: Pick<Wire, "aws">, clock: Clock = clockAt(NOW), balancer = NONE): MetricReader {
  return new MetricReader({ aws, balancer, runtime: { fetch, clock } });
}

const serving = () => Promise.resolve(4);

/** An answer of SQS with a number of visible messages. */
function messages(count: number): Response {
  return json({ Attributes: { ApproximateNumberOfMessages: `${count}` } });
}

/** An answer of CloudWatch with datapoints of the first query: when each period began, and its value. */
function points(...all: [at: number, value: number][]): Response {
  return json({
    MetricDataResults: [{
      Id: "i0",
      StatusCode: "Complete",
      Timestamps: all.map(([at]) => at / 1_000),
      Values: all.map(([, value]) => value),
    }],
  });
}

Deno.test("the backlog of a queue is read from SQS, again only after ten seconds", async () => {
  await using server = wire((_, i) => messages(i + 7));
  const clock = clockAt(NOW);
  const reader = readerOf(server, clock);
  const read = () => reader.read({ backlog: QUEUE }, serving, NEVER);
  const first = { backlog: { value: 7, at: NOW, source: "SQS queue orders" } };
  assertEquals(await read(), first);
  clock.elapse(9_999);
  assertEquals(await read(), first);
  clock.elapse(1);
  assertEquals((await read())["backlog"]?.value, 8);
  assertEquals(server.calls.map(({ action }) => action), ["GetQueueAttributes", "GetQueueAttributes"]);
});

Deno.test("another source under the same name is read at once", async () => {
  await using server = wire((_, i) => messages(i));
  const reader = readerOf(server);
  await reader.read({ backlog: QUEUE }, serving, NEVER);
  const other = { backlog: { ...QUEUE, queue: "http://127.0.0.1:1/123456789012/mails" } };
  assertEquals((await reader.read(other, serving, NEVER))["backlog"]?.source, "SQS queue mails");
});

Deno.test("a queue's URL is asked for once by its name", async () => {
  await using server = wire(({ action }) =>
    action === "GetQueueUrl"
      ? json({ QueueUrl: "https://sqs.eu-west-1.amazonaws.com/1/orders" })
      : messages(3)
  );
  const clock = clockAt(NOW);
  const reader = readerOf(server, clock);
  for (let i = 0; i < 2; i++) {
    assertEquals(
      (await reader.read({ x: { type: "sqs", queue: "orders" } }, serving, NEVER))["x"]?.value,
      3,
    );
    clock.elapse(MINUTE);
  }
  assertEquals(server.calls.map(({ action }) => action), [
    "GetQueueUrl",
    "GetQueueAttributes",
    "GetQueueAttributes",
  ]);
});

Deno.test("a source that fails has no value and says why, and the others have theirs", async () => {
  await using server = wire(({ action }) =>
    action === "GetMetricData"
      ? points([NOW - 2 * MINUTE, 5])
      : Response.json({ __type: "AccessDeniedException", message: "not authorized" }, { status: 400 })
  );
  const metrics: MetricSpecs = {
    backlog: QUEUE,
    age: {
      type: "cloudwatch",
      metric: { namespace: "a", name: "b", dimensions: {}, stat: "Maximum" },
      period: 60,
    },
    jobs: { type: "json", url: "http://127.0.0.1:1/", field: "x" },
    scraped: { type: "scrape", name: "x", aggregate: "sum", rate: false },
    requests: { type: "requests-per-target" },
  };
  const readings = await readerOf(server).read(metrics, serving, NEVER);
  assertStringIncludes(readings["backlog"]?.why ?? "", "not authorized");
  assertEquals(readings["age"]?.value, 5);
  assertEquals([readings["jobs"]?.value, typeof readings["jobs"]?.why], [undefined, "string"]);
  assertEquals(readings["scraped"]?.why, "kas does not scrape the instances: --scrape is not set");
  assertEquals(readings["requests"]?.why, "the fleet has no load balancer that counts requests");
});

Deno.test("a metric of CloudWatch is the newest datapoint of an ended period, and as old as the end of its period", async () => {
  await using server = wire((_, i) => i === 0 ? points([NOW - 90_000, 9], [NOW - 150_000, 1]) : points());
  const clock = clockAt(NOW);
  const reader = readerOf(server, clock);
  const spec = {
    type: "cloudwatch",
    metric: { namespace: "AWS/SQS", name: "Age", dimensions: { QueueName: "orders" }, stat: "p90" },
    period: 60,
  } as const;
  assertEquals(await reader.read({ age: spec }, serving, NEVER), {
    age: { value: 9, at: NOW - 30_000, source: "CloudWatch AWS/SQS/Age p90" },
  });
  const { EndTime, MetricDataQueries } = server.calls[0]?.input ?? {};
  assertEquals(EndTime, (NOW - 30_000) / 1_000);
  assertEquals(MetricDataQueries, [{
    Id: "i0",
    MetricStat: {
      Metric: {
        Namespace: "AWS/SQS",
        MetricName: "Age",
        Dimensions: [{ Name: "QueueName", Value: "orders" }],
      },
      Period: 60,
      Stat: "p90",
    },
  }]);
  clock.elapse(30_000);
  const { age } = await reader.read({ age: spec }, serving, NEVER);
  assertEquals([age?.value, age?.why], [undefined, "CloudWatch has no datapoint of the last 300 s"]);
});

Deno.test("the requests of a Classic Load Balancer are divided by the instances in service, and none is 0", async () => {
  await using server = wire((_, i) => i === 0 ? points([NOW - 90_000, 400]) : points());
  const clock = clockAt(NOW);
  const reader = readerOf(server, clock, { kind: "classic", name: "web" });
  const read = (count = 4) =>
    reader.read({ r: { type: "requests-per-target" } }, () => Promise.resolve(count), NEVER);
  assertEquals((await read())["r"], {
    value: 100,
    at: NOW - 30_000,
    source: "CloudWatch requests per target",
  });
  assertEquals((await read(0))["r"]?.why, "no instance is in service");
  clock.elapse(MINUTE);
  assertEquals((await read())["r"]?.value, 0);
});

Deno.test("a Network Load Balancer counts no requests", async () => {
  const arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef";
  const balancer =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/web/0123456789abcdef";
  await using server = wire(() =>
    query(
      "DescribeTargetGroups",
      `<TargetGroups><member><TargetGroupArn>${arn}</TargetGroupArn><LoadBalancerArns><member>${balancer}</member>` +
        "</LoadBalancerArns></member></TargetGroups>",
    )
  );
  const reader = readerOf(server, clockAt(NOW), { kind: "target-groups", name: "web", arns: [arn] });
  const { r } = await reader.read({ r: { type: "requests-per-target" } }, serving, NEVER);
  assertEquals(r?.why, "a Network Load Balancer counts connections and not requests");
});

Deno.test("the number of instances in service that cannot be read fails the read", async () => {
  await using server = wire(() => queryError("Throttling", "Rate exceeded"));
  const reader = readerOf(server, clockAt(NOW), { kind: "classic", name: "web" });
  const failing = () => Promise.reject(new Error("no listing"));
  assertEquals(Object.keys(await reader.read({}, failing, NEVER)), []);
  await assertRejects(
    () => reader.read({ r: { type: "requests-per-target" } }, failing, NEVER),
    Error,
    "no listing",
  );
});

Deno.test("AWS that does not answer ends the read of its metric after five seconds", async () => {
  const answered = Promise.withResolvers<Response>();
  await using server = wire(() => answered.promise);
  const late = { ...realClock, sleep: () => Promise.resolve() };
  const { backlog } = await readerOf(server, late).read({ backlog: QUEUE }, serving, NEVER);
  assertEquals(backlog, { source: "SQS queue orders", why: "no answer within 5 s" });
  answered.resolve(messages(1));
});

Deno.test("an abort ends the read", async () => {
  const arrived = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Response>();
  await using server = wire(() => {
    arrived.resolve();
    return answered.promise;
  });
  const stop = new AbortController();
  const rejected = assertRejects(
    () => readerOf(server).read({ backlog: QUEUE }, serving, stop.signal),
    DOMException,
    "stopping",
  );
  await arrived.promise;
  stop.abort(new DOMException("stopping", "AbortError"));
  await rejected;
  answered.resolve(messages(1));
});
