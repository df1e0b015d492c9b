import { assertEquals } from "@std/assert";
import type { Snapshot } from "../../../../src/autoscaler/http/snapshot.ts";
import { LISTED, status } from "../../../../src/autoscaler/http/status.ts";
import type { LastScrape } from "../../../../src/autoscaler/telemetry/samples.ts";
import { instance, NOW, OBSERVATION } from "../../scaling/fixtures.ts";

const SNAPSHOT: Snapshot = {
  now: NOW,
  observation: undefined,
  desired: undefined,
  limits: OBSERVATION.limits,
  lastObservation: undefined,
  waiting: 0,
  oldest: undefined,
  inProgress: [],
  paused: undefined,
  override: undefined,
  scrapes: new Map(),
  alerts: [],
  bytes: 4_096,
};

Deno.test("status() before the first observation contains nulls and empty lists", () => {
  assertEquals(status(SNAPSHOT, NOW - 5_000), {
    uptime: 5,
    observed: null,
    observation: null,
    capacity: { current: 0, desired: 0, min: 0, max: 0, unhealthy: 0 },
    alerts: [],
    instances: [],
    alarms: [],
    metrics: [],
    scrapes: [],
    pauses: [],
    paused: {},
    override: null,
    totals: { instances: 0, alarms: 0 },
    activities: [],
    oldest: null,
    bytes: 4_096,
  });
});

Deno.test("status() contains the metrics of formulas with their age in seconds", () => {
  const metrics = {
    backlog: { value: 12, at: NOW - 2_500, source: "SQS queue orders" },
    mails: { source: "SQS queue mails", why: "access denied" },
  };
  const shown = status({ ...SNAPSHOT, observation: { ...OBSERVATION, metrics } }, NOW) as {
    metrics: unknown;
  };
  assertEquals(shown.metrics, [
    { name: "backlog", value: 12, age: 2.5, source: "SQS queue orders", why: null },
    { name: "mails", value: null, age: null, source: "SQS queue mails", why: "access denied" },
  ]);
});

Deno.test("status() says of each running instance what answered the last scrape, how old its sample is, and why a scrape failed", () => {
  const scrapes = new Map<string, LastScrape>([
    ["base", { at: NOW - 1_000, answered: NOW - 1_000, exporter: "kas worker" }],
    ["n1", { at: NOW - 1_000, answered: NOW - 31_000, exporter: "node_exporter", problem: "refused" }],
    ["n2", { at: NOW - 1_000, problem: "no answer within 2 s" }],
    ["n3", { at: NOW - 1_000, answered: NOW - 1_000, exporter: "node_exporter" }],
  ]);
  const shown = status({ ...SNAPSHOT, observation: OBSERVATION, scrapes }, NOW) as { scrapes: unknown };
  assertEquals(shown.scrapes, [
    { instance: "base", exporter: "kas worker", age: 1, why: null },
    { instance: "n1", exporter: "node_exporter", age: 31, why: "refused" },
    { instance: "n2", exporter: null, age: null, why: "no answer within 2 s" },
  ]);
});

Deno.test("status() contains the activities in progress with their step, and the age of the oldest message", () => {
  const activity = {
    id: 7,
    kind: "start",
    instance: "n1",
    remaining: [],
    began: NOW - 9_000,
    status: "in-progress",
    reason: "busy",
  } as const;
  const step = { step: "healthy", instance: "n1", began: NOW - 2_000 } as const;
  const { activities, oldest } = status(
    { ...SNAPSHOT, inProgress: [{ activity, step }], oldest: NOW - 1_500 },
    NOW,
  ) as { activities: unknown; oldest: unknown };
  assertEquals(activities, [
    { ...activity, seconds: 9, step: { name: "healthy", instance: "n1", seconds: 2 } },
  ]);
  assertEquals(oldest, 1.5);
});

Deno.test("status() lists a limited number of instances, and counts all instances", () => {
  const instances = Array.from({ length: LISTED + 5 }, (_, i) => instance(`n${i}`));
  const observation = { ...OBSERVATION, instances };
  const shown = status({ ...SNAPSHOT, observation }, NOW) as {
    instances: unknown[];
    totals: { instances: number };
  };
  assertEquals([shown.instances.length, shown.totals.instances], [LISTED, LISTED + 5]);
});

Deno.test("status() lists the alerts that are firing", () => {
  const alert = { name: "unhealthy", reason: "i-1 is ill" } as const;
  const { alerts } = status({ ...SNAPSHOT, alerts: [{ ...alert, since: NOW - 5_000 }] }, NOW) as {
    alerts: unknown;
  };
  assertEquals(alerts, [{ ...alert, since: new Date(NOW - 5_000).toISOString() }]);
});

Deno.test("status() lists the pauses of starts in force, with the circumstance and the time of the next attempt (R18)", () => {
  const failed = { instance: "n3", reason: "AWS said so" };
  const starts = [
    { ...failed, what: "no-capacity", at: NOW - 5_000 },
    { ...failed, what: "quota", at: NOW - 40_000 },
  ] as const;
  const observation = { ...OBSERVATION, history: { ...OBSERVATION.history, starts } };
  const { pauses } = status({ ...SNAPSHOT, observation }, NOW) as { pauses: Record<string, unknown>[] };
  const until = new Date(NOW + 25_000).toISOString();
  assertEquals(pauses.map(({ circumstance: _, ...pause }) => pause), [
    { fault: "no-capacity", failures: 1, until, reason: "AWS said so" },
  ]);
});
