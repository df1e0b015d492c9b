import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseMetrics } from "../../../../src/settings/metrics/schema.ts";
import { sourceText } from "../../../../src/settings/metrics/spec.ts";
import { unknownNames } from "../../../../src/settings/metrics/unknown_names.ts";
import { parseCloudWatchMetric } from "../../../../src/settings/metrics/cloudwatch_metric.ts";

const QUEUE = { type: "sqs", queue: "orders" };

Deno.test("each type of metric is read, with its defaults", () => {
  const metrics = {
    a: QUEUE,
    b: { type: "sqs", queue: "http://127.0.0.1:5000/123456789012/orders.fifo" },
    c: { type: "cloudwatch", metric: "AWS/SQS/ApproximateAgeOfOldestMessage{QueueName=orders} Maximum" },
    d: { type: "requests-per-target" },
    e: { type: "prometheus", url: "http://prometheus:9090", query: "sum(jobs)" },
    f: { type: "json", url: "https://example.com/stats?token=x", field: "queue.waiting" },
    g: { type: "scrape", name: "app_jobs_waiting" },
    h: { type: "scrape", name: "app_jobs_total", aggregate: "avg", rate: true },
  };
  const parsed = parseMetrics(JSON.stringify(metrics));
  assertEquals(
    parsed,
    {
      ...metrics,
      c: {
        type: "cloudwatch",
        metric: {
          namespace: "AWS/SQS",
          name: "ApproximateAgeOfOldestMessage",
          dimensions: { QueueName: "orders" },
          stat: "Maximum",
        },
        period: 60,
      },
      g: { type: "scrape", name: "app_jobs_waiting", aggregate: "sum", rate: false },
    } as typeof parsed,
  );
  assertEquals(Object.values(parsed).map(sourceText), [
    "SQS queue orders",
    "SQS queue orders.fifo",
    "CloudWatch AWS/SQS/ApproximateAgeOfOldestMessage Maximum",
    "CloudWatch requests per target",
    "Prometheus prometheus:9090",
    "JSON example.com queue.waiting",
    "scrape app_jobs_waiting sum",
    "scrape app_jobs_total rate avg",
  ]);
});

Deno.test("a wrong metric is refused with its place, in one line", () => {
  const cases: [unknown, string][] = [
    [[], "metrics: expected an object"],
    [{ x: "orders" }, "metrics.x: expected an object such as"],
    [{ x: {} }, "metrics.x.type: expected a type: sqs, cloudwatch"],
    [{ x: { type: "sqss" } }, 'not "sqss"'],
    [{ x: { type: "sqs" } }, "metrics.x.queue: expected a text"],
    [{ x: { type: "sqs", queue: "a b" } }, "metrics.x.queue: expected a queue's URL or name"],
    [{ x: { ...QUEUE, period: "1m" } }, "metrics.x.period: unknown key"],
    [
      { x: { type: "cloudwatch", metric: "CPUUtilization Average" } },
      "metrics.x.metric: expected namespace/name",
    ],
    [{ x: { type: "cloudwatch", metric: "a/b Mean" } }, "expected a statistic"],
    [
      { x: { type: "cloudwatch", metric: "a/b Sum", period: "61s" } },
      "metrics.x.period: expected 10s, 20s, 30s",
    ],
    [{ x: { type: "prometheus", url: "prom:9090", query: "x" } }, "metrics.x.url: expected a URL"],
    [{ x: { type: "prometheus", url: "http://h", query: "" } }, "metrics.x.query: expected some text"],
    [{ x: { type: "json", url: "http://u:p@h/", field: "a" } }, "without a user name and a password"],
    [{ x: { type: "json", url: "http://h/", field: "a..b" } }, "metrics.x.field: expected keys"],
    [{ x: { type: "scrape", name: "a-b" } }, "metrics.x.name: expected a Prometheus metric's name"],
    [{ x: { type: "scrape", name: "a", aggregate: "p90" } }, "metrics.x.aggregate: expected sum, avg or max"],
    [{ "a-b": QUEUE }, "metrics.a-b: expected a name of letters"],
    [{ max: QUEUE }, "metrics.max: every formula already has max"],
    [{ in: QUEUE }, "no word of CEL"],
    [{ while: QUEUE }, "no word of CEL"],
    [Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`m${i}`, QUEUE])), "at most 50 metrics"],
  ];
  for (const [metrics, problem] of cases) {
    const { message } = assertThrows(() => parseMetrics(JSON.stringify(metrics)), TypeError);
    assertStringIncludes(message, problem);
    assertEquals(message.includes("\n"), false);
  }
});

Deno.test("a metric of CloudWatch has a namespace, a name, dimensions and a statistic", () => {
  assertEquals(parseCloudWatchMetric("AWS/EC2/CPUUtilization Average"), {
    namespace: "AWS/EC2",
    name: "CPUUtilization",
    dimensions: {},
    stat: "Average",
  });
  assertEquals(
    parseCloudWatchMetric(' My App/jobs {Queue = "a,b}" , LoadBalancer=app/kas/0123} p99.9 '),
    {
      namespace: "My App",
      name: "jobs",
      dimensions: { Queue: "a,b}", LoadBalancer: "app/kas/0123" },
      stat: "p99.9",
    },
  );
  for (const stat of ["SampleCount", "Sum", "Minimum", "IQM", "tm90", "PR(100:2000)", "TM(:90%)"]) {
    assertEquals(parseCloudWatchMetric(`a/b ${stat}`).stat, stat);
  }
  for (
    const wrong of [
      "",
      "a/b",
      "b Sum",
      "/b Sum",
      "a/ Sum",
      "a/b{x} Sum",
      "a/b{x=} Sum",
      "a/b{x=1,,y=2} Sum",
      "a/b{x=1,x=2} Sum",
      "a/b{x=1 Sum",
    ]
  ) assertThrows(() => parseCloudWatchMetric(wrong), TypeError, undefined, wrong);
});

Deno.test("unknownNames() names the place of each metric that does not exist", () => {
  const policies = [
    { type: "alarms" },
    { type: "formula", atLeast: "backlg / 10", atMost: "backlog + max" },
    { type: "formula", capacity: "no formula" },
  ];
  assertEquals(unknownNames(policies, ["backlog"]), [
    { path: [1, "atLeast"], problem: "unknown metric backlg; did you mean backlog?" },
  ]);
  assertEquals(unknownNames([{ type: "formula", capacity: "cpu + current + in_service + min + max" }]), []);
  assertEquals(unknownNames(), []);
});
