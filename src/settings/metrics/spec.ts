/**
 * The metrics that formulas can use, as the setting `metrics` describes them.
 *
 * @module
 */

/** The number of visible messages of an SQS queue. */
export interface SqsSpec {
  readonly type: "sqs";
  /** The URL of the queue, or its name in the fleet's account and region. */
  readonly queue: string;
}

/** A statistic of a metric of CloudWatch. */
export interface CloudWatchSpec {
  readonly type: "cloudwatch";
  readonly metric: CloudWatchMetric;
  /** The length of one period, in seconds. */
  readonly period: number;
}

/** A metric of CloudWatch and its statistic. Source: CloudWatch API, MetricStat. */
export interface CloudWatchMetric {
  readonly namespace: string;
  readonly name: string;
  /** Dimension values by name. */
  readonly dimensions: Readonly<Record<string, string>>;
  /** For example `Average` or `p90`. */
  readonly stat: string;
}

/** The requests that the load balancer sends to each instance in a minute. */
export interface RequestsSpec {
  readonly type: "requests-per-target";
}

/** The result of a query of a Prometheus server. */
export interface PrometheusSpec {
  readonly type: "prometheus";
  /** The URL of the server, without `/api/v1/query`. */
  readonly url: string;
  readonly query: string;
}

/** A number in a JSON document. */
export interface JsonSpec {
  readonly type: "json";
  readonly url: string;
  /** The keys that lead to the number, with dots between them: `queue.waiting`. A number selects an item of an array. */
  readonly field: string;
}

/** A metric that the instances serve, which kas scrapes. */
export interface ScrapeSpec {
  readonly type: "scrape";
  /** The name of the metric in the Prometheus text format. */
  readonly name: string;
  /** What kas calculates from the values of all instances. */
  readonly aggregate: "sum" | "avg" | "max";
  /** Whether the metric is a counter, whose increase in one second counts. */
  readonly rate: boolean;
}

/** The source of a metric. */
export type MetricSpec = SqsSpec | CloudWatchSpec | RequestsSpec | PrometheusSpec | JsonSpec | ScrapeSpec;

/** The sources of the metrics of a fleet, by the names of the metrics. */
export type MetricSpecs = Readonly<Record<string, MetricSpec>>;

/** Describes the source of a metric. The text has no secrets: of a URL, only the host. */
export function sourceText(spec: MetricSpec): string {
  switch (spec.type) {
    case "sqs":
      return `SQS queue ${queueName(spec.queue)}`;
    case "cloudwatch":
      return `CloudWatch ${spec.metric.namespace}/${spec.metric.name} ${spec.metric.stat}`;
    case "requests-per-target":
      return "CloudWatch requests per target";
    case "prometheus":
      return `Prometheus ${new URL(spec.url).host}`;
    case "json":
      return `JSON ${new URL(spec.url).host} ${spec.field}`;
    case "scrape":
      return `scrape ${spec.name}${spec.rate ? " rate" : ""} ${spec.aggregate}`;
  }
}

/** Returns the name of a queue, whose URL ends with it. */
export function queueName(queue: string): string {
  return queue.slice(queue.lastIndexOf("/") + 1);
}
