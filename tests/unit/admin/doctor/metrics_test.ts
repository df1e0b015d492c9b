import { assertEquals } from "@std/assert";
import { metrics } from "../../../../src/admin/doctor/checks/metrics.ts";
import { findings } from "./observed.ts";

const QUEUE = { type: "sqs", queue: "orders" } as const;
const AT = 60_000;

Deno.test("each metric has a finding with its value and age, or why it has none", () => {
  const plan = {
    metrics: {
      backlog: QUEUE,
      mails: { type: "sqs", queue: "mails" },
      jobs: { type: "prometheus", url: "http://prometheus:9090", query: "jobs" },
      waiting: { type: "scrape", name: "waiting", aggregate: "sum", rate: false },
    },
  } as const;
  const readings = {
    backlog: { value: 12, at: AT - 2_000, source: "SQS queue orders" },
    mails: { source: "SQS queue mails", why: "access denied" },
    jobs: { source: "Prometheus prometheus:9090", why: "the query has no value" },
    waiting: { source: "scrape waiting sum", why: "kas does not scrape the instances" },
  };
  assertEquals(findings(metrics, { plan, metrics: { at: AT, readings } }), [
    "ok: backlog is 12, 2 s old (SQS queue orders)",
    "failed: mails has no value: access denied (SQS queue mails)",
    "try: metrics.mails, or its permission: kas admin iam-policy autoscaler",
    "warning: jobs has no value: the query has no value (Prometheus prometheus:9090), asked from this machine",
    "try: metrics.jobs, or the server",
    "skipped: waiting: the autoscaler reads the metric from the instances",
  ]);
});

Deno.test("a formula with an unknown metric fails the check, and no metrics are all right", () => {
  const plan = {
    policies: [{ type: "formula", capacity: "backlg / 10" }],
    metrics: { backlog: QUEUE },
  } as const;
  const readings = { backlog: { value: 1, at: AT, source: "SQS queue orders" } };
  const [first] = findings(metrics, { plan, metrics: { at: AT, readings } });
  assertEquals(first, "failed: unknown metric backlg; did you mean backlog?");
  assertEquals(findings(metrics, {}), ["ok: no metrics are configured"]);
});
