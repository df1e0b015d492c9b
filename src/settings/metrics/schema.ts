/**
 * The schema of the metrics, in a config file and in the setting `metrics`.
 *
 * This module loads zod, so settings.ts imports it only if metrics are configured.
 *
 * @module
 */
import * as z from "zod";
import { duration, url } from "../../cli/parsers.ts";
import { BUILT_IN } from "../../scaling/policies/formula.ts";
import { compile, ExpressionError } from "../../scaling/policies/expression.ts";
import { parseJsonSetting } from "../json_setting.ts";
import { parseCloudWatchMetric } from "./cloudwatch_metric.ts";
import type { MetricSpec, MetricSpecs } from "./spec.ts";

/** The largest number of metrics of a fleet. */
const MOST_METRICS = 50;

/** The default period of a CloudWatch metric. */
const PERIOD = "60s";

const text = z.string("expected a text").min(1, "expected some text").max(
  2_000,
  "expected at most 2000 characters",
);

const serverUrl = text.check(({ value, issues }) => {
  const message = why(() => {
    const { username, password } = new URL(url(value));
    if (username !== "" || password !== "") {
      throw new TypeError("expected a URL without a user name and a password");
    }
  });
  if (message !== undefined) issues.push({ code: "custom", message, input: value });
});

const sqs = z.strictObject({
  type: z.literal("sqs").describe("the number of visible messages of an SQS queue"),
  queue: text.regex(
    /^(?:https?:\/\/[^\s/?#]+\/\d{12}\/)?[A-Za-z0-9_-]{1,80}(?:\.fifo)?$/,
    "expected a queue's URL or name such as https://sqs.eu-west-1.amazonaws.com/123456789012/orders or orders",
  ).describe("the URL of the queue, or its name"),
});

const cloudwatch = z.strictObject({
  type: z.literal("cloudwatch").describe("a statistic of a CloudWatch metric"),
  metric: text.check(({ value, issues }) => {
    const message = why(() => parseCloudWatchMetric(value));
    if (message !== undefined) issues.push({ code: "custom", message, input: value });
  }).describe(
    "namespace/name{dimension=value} statistic, such as AWS/SQS/ApproximateAgeOfOldestMessage{QueueName=orders} Maximum",
  ),
  period: text.check(({ value, issues }) => {
    const message = why(() => periodOf(value));
    if (message !== undefined) issues.push({ code: "custom", message, input: value });
  }).optional().describe(`the length of one period, such as 60s or 5m (default: ${PERIOD})`),
});

const requests = z.strictObject({
  type: z.literal("requests-per-target").describe(
    "the requests that the load balancer sends to each instance in a minute",
  ),
});

const prometheus = z.strictObject({
  type: z.literal("prometheus").describe("the result of a query of a Prometheus server"),
  url: serverUrl.describe("the URL of the server, such as http://prometheus:9090"),
  query: text.describe("a query with one value as its result"),
});

const json = z.strictObject({
  type: z.literal("json").describe("a number in a JSON document"),
  url: serverUrl.describe("the URL of the document"),
  field: text.regex(/^[^.]+(?:\.[^.]+)*$/, "expected keys with dots between them, such as queue.waiting")
    .describe("the keys that lead to the number, with dots between them"),
});

const scrape = z.strictObject({
  type: z.literal("scrape").describe("a metric that kas scrapes from the instances"),
  name: text.regex(
    /^[A-Za-z_:][A-Za-z0-9_:]*$/,
    "expected a Prometheus metric's name such as app_jobs_waiting",
  )
    .describe("the name of the metric"),
  aggregate: z.enum(["sum", "avg", "max"], "expected sum, avg or max").optional()
    .describe("what kas calculates from the values of all instances (default: sum)"),
  rate: z.boolean("expected true or false").optional()
    .describe("whether the metric is a counter, whose increase in one second counts (default: false)"),
});

const TYPES = ["sqs", "cloudwatch", "requests-per-target", "prometheus", "json", "scrape"];

const metric = z.discriminatedUnion("type", [sqs, cloudwatch, requests, prometheus, json, scrape], {
  error: ({ code, input }) => {
    if (code !== "invalid_union") return 'expected an object such as {"type": "sqs", "queue": "orders"}';
    const { type } = input as { readonly type?: unknown };
    return `expected a type: ${TYPES.join(", ")}${type === undefined ? "" : `, not ${JSON.stringify(type)}`}`;
  },
});

/** The schema of the metrics of a fleet. */
export const metricsSchema = z.record(z.string(), metric, "expected an object").check(({ value, issues }) => {
  const names = Object.keys(value);
  if (names.length > MOST_METRICS) {
    issues.push({ code: "custom", message: `expected at most ${MOST_METRICS} metrics`, input: value });
  }
  for (const name of names) {
    const message = whyNoName(name);
    if (message !== undefined) issues.push({ code: "custom", message, input: value, path: [name] });
  }
});

/** Returns why a formula cannot use a name for a metric. */
function whyNoName(name: string): string | undefined {
  const expected = "expected a name of letters, digits and underscores, such as backlog";
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) return expected;
  if (BUILT_IN.some((other) => other === name)) return `every formula already has ${name}`;
  try {
    compile(name);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return `${expected}, and no word of CEL`;
  }
  return undefined;
}

/** Returns the length of a period in seconds. */
function periodOf(text: string): number {
  const s = duration(text) / 1_000;
  // Source: CloudWatch API, MetricStat, Period.
  if (![10, 20, 30].includes(s) && (s < 60 || s > 3_600 || s % 60 !== 0)) {
    throw new TypeError("expected 10s, 20s, 30s, or whole minutes up to 60m");
  }
  return s;
}

/** Returns why a text is wrong, or undefined if it is right. */
function why(check: () => void): string | undefined {
  try {
    check();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return error.message;
  }
  return undefined;
}

/**
 * Parses the text of the setting `metrics`, a JSON object.
 *
 * @throws {TypeError} if the text is not an object of metrics; the message names the place, such as `metrics.backlog.queue: …`
 */
export function parseMetrics(text: string): MetricSpecs {
  const parsed = parseJsonSetting("metrics", metricsSchema, text);
  return Object.fromEntries(
    Object.entries(parsed).map(([name, spec]): [string, MetricSpec] => [name, specOf(spec)]),
  );
}

function specOf(spec: z.infer<typeof metric>): MetricSpec {
  switch (spec.type) {
    case "cloudwatch": {
      const { metric, period = PERIOD } = spec;
      return { type: "cloudwatch", metric: parseCloudWatchMetric(metric), period: periodOf(period) };
    }
    case "scrape": {
      const { aggregate = "sum", rate = false } = spec;
      return { ...spec, aggregate, rate };
    }
    default:
      return spec;
  }
}
