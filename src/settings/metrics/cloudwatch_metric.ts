/**
 * Parses a metric of CloudWatch: `AWS/SQS/ApproximateAgeOfOldestMessage{QueueName=orders} Maximum`.
 *
 * @module
 */
import type { CloudWatchMetric } from "./spec.ts";

/**
 * The statistics of CloudWatch. Source: CloudWatch user guide, "CloudWatch statistics definitions".
 */
const STATISTIC =
  /^(?:SampleCount|Sum|Average|Minimum|Maximum|IQM|(?:p|tm|wm|tc|ts)\d{1,2}(?:\.\d{1,10})?|(?:PR|TM|WM|TC|TS)\([\d.%:]+\))$/;

/** Most dimensions of a metric. Source: CloudWatch API, Metric. */
const MOST_DIMENSIONS = 30;

const FORM = /^(?<path>[^{}]+?)\s*(?:\{(?<dimensions>.*)\})?\s+(?<stat>\S+)$/s;

/** A dimension, and the comma or the end after it. A value with a comma or a brace stands in double quotes. */
const DIMENSION = /\s*(?<name>[^=,{}"]+?)\s*=\s*(?:"(?<quoted>[^"]*)"|(?<plain>[^",{}]*?))\s*(?:,|$)/y;

/**
 * Parses a metric of CloudWatch and its statistic.
 *
 * @throws {TypeError} if the text does not have the form `namespace/name{dimension=value,…} statistic`
 */
export function parseCloudWatchMetric(text: string): CloudWatchMetric {
  const { path, dimensions, stat } = FORM.exec(text.trim())?.groups ?? {};
  // A namespace such as AWS/EC2 has slashes too, so the name begins after the last one.
  const slash = path?.lastIndexOf("/") ?? -1;
  if (path === undefined || stat === undefined || slash < 1 || slash === path.length - 1) {
    throw new TypeError(
      "expected namespace/name{dimension=value} statistic, such as AWS/SQS/ApproximateAgeOfOldestMessage{QueueName=orders} Maximum",
    );
  }
  if (!STATISTIC.test(stat)) {
    throw new TypeError(`expected a statistic such as Average, Sum or p90, not "${stat}"`);
  }
  return {
    namespace: path.slice(0, slash),
    name: path.slice(slash + 1),
    dimensions: parseDimensions(dimensions ?? ""),
    stat,
  };
}

function parseDimensions(text: string): Readonly<Record<string, string>> {
  const dimensions = new Map<string, string>();
  DIMENSION.lastIndex = 0;
  while (DIMENSION.lastIndex < text.trimEnd().length) {
    const { name, quoted, plain } = DIMENSION.exec(text)?.groups ?? {};
    const value = quoted ?? plain;
    if (name === undefined || value === undefined || value === "") {
      throw new TypeError(`expected dimensions such as {QueueName=orders}, not "{${text}}"`);
    }
    if (dimensions.has(name)) throw new TypeError(`the dimension ${name} occurs twice`);
    dimensions.set(name, value);
  }
  if (dimensions.size > MOST_DIMENSIONS) {
    throw new TypeError(`expected at most ${MOST_DIMENSIONS} dimensions`);
  }
  return Object.fromEntries(dimensions);
}
