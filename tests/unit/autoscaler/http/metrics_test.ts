import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ALERT_NAMES } from "../../../../src/autoscaler/alerts/alert.ts";
import {
  type FleetMetricsOptions,
  Metrics,
  type MetricsOptions,
} from "../../../../src/autoscaler/http/metrics/metrics.ts";
import type { Snapshot } from "../../../../src/autoscaler/http/snapshot.ts";
import { NO_ACTION } from "../../../support/decisions.ts";
import { program, testWith } from "../../../support/needs.ts";
import { instance, OBSERVATION } from "../../scaling/fixtures.ts";
import { QUIET } from "./snapshots.ts";
import { count, type Family, parseExposition, value } from "./exposition.ts";

const DOCS = new URL("../../../../docs/observability.md", import.meta.url);

const NOW = Date.UTC(2026, 10, 24);

const OPTIONS = { fleet: "web", version: "1.2.3", started: NOW, limits: {} };

/** The metrics of an autoscaler with one fleet. */
function metricsOf(options: FleetMetricsOptions & MetricsOptions) {
  const metrics = new Metrics(options);
  const fleet = metrics.add(options);
  const exposition = (snapshot: Snapshot) => {
    fleet.update(snapshot);
    return metrics.exposition();
  };
  return Object.assign(fleet, { exposition });
}

const BAD: readonly [what: string, text: string][] = [
  ["an unfinished line", "# HELP a b\n# TYPE a gauge\na 1"],
  ["a sample without a type", "a 1\n"],
  ["a type without help", "# TYPE a gauge\na 1\n"],
  ["a value that is no number", "# HELP a b\n# TYPE a gauge\na x\n"],
  ["an unquoted label", "# HELP a b\n# TYPE a gauge\na{b=c} 1\n"],
  ["a newline in a label", '# HELP a b\n# TYPE a gauge\na{b="c\nd"} 1\n'],
  ["a series twice", '# HELP a b\n# TYPE a gauge\na{b="c"} 1\na{b="c"} 2\n'],
  ["other labels", '# HELP a b\n# TYPE a gauge\na{b="c"} 1\na 2\n'],
  ["a counter by another name", "# HELP a b\n# TYPE a counter\na 1\n"],
  [
    "buckets that fall",
    '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
  ],
];

for (const [what, text] of BAD) {
  Deno.test(`parseExposition() rejects ${what}`, () => {
    assertThrows(() => parseExposition(text), SyntaxError);
  });
}

Deno.test("every counter of Metrics starts at 0", async () => {
  const metrics = metricsOf(OPTIONS);
  const { type, text } = await metrics.exposition(QUIET);
  assertMatch(type, /^text\/plain; version=0\.0\.4/);
  const families = parseExposition(text);
  const counters = families.values().filter(({ name }) => /^kas_.*_total$/.test(name)).toArray();
  assert(counters.length > 5);
  for (const { name, samples } of counters) {
    assertEquals([...new Set(samples.map(({ value }) => value))], [0], name);
  }
  assertEquals(value(families, "kas_messages_total", { outcome: "refused", reason: "Signature" }), 0);
  assertEquals(value(families, "kas_activities_total", { kind: "stop", status: "failed" }), 0);
  assertEquals(count(families, "kas_activity_phase_seconds", { kind: "start", phase: "first-request" }), 0);
  assertEquals(value(families, "kas_build_info", { version: "1.2.3", deno: Deno.version.deno }), 1);
  assertEquals(capacity(families), { current: 0, desired: 0, min: 1, max: 5, unhealthy: 0 });
});

Deno.test("Metrics contains the start time, memory and CPU time of the process under the usual names", async () => {
  const metrics = metricsOf(OPTIONS);
  const families = parseExposition((await metrics.exposition(QUIET)).text);
  assertEquals(value(families, "process_start_time_seconds"), NOW / 1_000);
  assert((value(families, "process_resident_memory_bytes") ?? 0) > 1_000_000);
  const before = value(families, "process_cpu_seconds_total") ?? NaN;
  const after = value(
    parseExposition((await metrics.exposition(QUIET)).text),
    "process_cpu_seconds_total",
  ) ?? NaN;
  assert(before > 0 && after >= before, `${before} ${after}`);
});

Deno.test("Metrics counts each event once, with the labels of the event", async () => {
  const metrics = metricsOf(OPTIONS);
  metrics.onMessage("accepted", "");
  metrics.onMessage("refused", "Signature");
  metrics.onDecision({ kind: "reconcile" }, { ...NO_ACTION, checks: ["max-capacity"] });
  metrics.onDecision({ kind: "reconcile" }, {
    actions: [{ kind: "stop", instance: "i-1" }],
    reason: "",
    checks: ["cap"],
    recommendations: [],
  });
  metrics.onObservation({ at: NOW, seconds: 0.2 });
  metrics.onObservation({ at: NOW + 60_000, seconds: 45, error: "AWS is unreachable" });
  const call = { service: "EC2", operation: "DescribeInstances", seconds: 0.03 };
  metrics.onRequest({ ...call, outcome: "throttled", retry: false });
  metrics.onRequest({ ...call, outcome: "ok", retry: true });
  metrics.onPhases("start", [{ phase: "running", seconds: 12 }, { phase: "total", seconds: 20 }]);
  const families = parseExposition(
    (await metrics.exposition({ ...QUIET, waiting: 2, oldest: NOW - 90_000 })).text,
  );
  const expected: readonly [name: string, labels: Record<string, string>, value: number][] = [
    ["kas_messages_total", { outcome: "accepted", reason: "" }, 1],
    ["kas_messages_total", { outcome: "refused", reason: "Signature" }, 1],
    ["kas_decisions_total", { kind: "none", trigger: "reconcile", check: "max-capacity" }, 1],
    ["kas_decisions_total", { kind: "stop", trigger: "reconcile", check: "" }, 1],
    ["kas_decisions_total", { kind: "none", trigger: "schedule", check: "cap" }, 0],
    ["kas_observation_failures_total", {}, 1],
    ["kas_last_observation_timestamp_seconds", {}, NOW / 1_000],
    ["kas_aws_requests_total", {
      service: "EC2",
      operation: "DescribeInstances",
      outcome: "throttled",
    }, 1],
    ["kas_aws_requests_total", { service: "EC2", operation: "DescribeInstances", outcome: "ok" }, 1],
    ["kas_aws_retries_total", { service: "EC2", operation: "DescribeInstances" }, 1],
    ["kas_inbox_waiting", {}, 2],
    ["kas_inbox_oldest_seconds", {}, 90],
    ["kas_journal_bytes", {}, 4_096],
  ];
  for (const [name, labels, it] of expected) assertEquals(value(families, name, labels), it, name);
  assertEquals(count(families, "kas_observation_seconds", {}), 2);
  assertEquals(count(families, "kas_activity_phase_seconds", { kind: "start", phase: "running" }), 1);
  assertEquals(count(families, "kas_activity_phase_seconds", { kind: "start", phase: "total" }), undefined);
  assertEquals(count(families, "kas_activity_seconds", { kind: "start" }), 1);
});

Deno.test("kas_capacity shows the current and the desired capacity, the bounds of an open window, and unhealthy instances", async () => {
  const windows = [{ name: "day", begins: NOW, ends: NOW + 1, min: 2, max: 9 }];
  const instances = [
    instance("b", { role: "base" }),
    instance("n1", { registration: "out-of-service" }),
    instance("n2", { registration: "out-of-service", overdue: true }),
    instance("n3", { state: "stopped", registration: "none" }),
  ];
  const observation = { ...OBSERVATION, now: NOW, windows, instances };
  const { text } = await metricsOf(OPTIONS).exposition({
    ...QUIET,
    observation,
    desired: 3,
    limits: { ...OBSERVATION.limits, min: 1, max: 5 },
  });
  assertEquals(capacity(parseExposition(text)), { current: 2, desired: 3, min: 2, max: 9, unhealthy: 1 });
});

Deno.test("each metric has the label fleet, except those of the process", async () => {
  const { text } = await metricsOf(OPTIONS).exposition(QUIET);
  for (const { name, samples } of parseExposition(text).values()) {
    const isOfProcess = name === "kas_build_info" || name.startsWith("process_");
    const fleets = new Set(samples.map(({ labels }) => labels["fleet"]));
    assertEquals([...fleets], [isOfProcess ? undefined : "web"], name);
  }
});

Deno.test("kas_override shows whether a capacity of an operator applies", async () => {
  const metrics = metricsOf(OPTIONS);
  const override = { capacity: 4, since: NOW, until: NOW + 1, once: false };
  const values = [];
  for (const snapshot of [QUIET, { ...QUIET, override }, QUIET]) {
    values.push(value(parseExposition((await metrics.exposition(snapshot)).text), "kas_override"));
  }
  assertEquals(values, [0, 1, 0]);
});

Deno.test("kas_paused shows which directions an operator paused", async () => {
  const { text } = await metricsOf(OPTIONS).exposition({ ...QUIET, paused: { in: { since: NOW } } });
  const families = parseExposition(text);
  const values = ["out", "in"].map((direction) => value(families, "kas_paused", { direction }));
  assertEquals(values, [0, 1]);
});

Deno.test("kas_alert is 1 while an alert is firing", async () => {
  const alert = { name: "unhealthy", reason: "i-1 is ill", since: NOW } as const;
  const { text } = await metricsOf(OPTIONS).exposition({ ...QUIET, alerts: [alert] });
  const families = parseExposition(text);
  const values = ALERT_NAMES.map((name) => [name, value(families, "kas_alert", { name })]);
  assertEquals(values, ALERT_NAMES.map((name) => [name, name === "unhealthy" ? 1 : 0]));
});

Deno.test("docs/observability.md explains each alert", async () => {
  const page = await Deno.readTextFile(DOCS);
  const [, section = ""] = /\n## Alerts\n(.*?)\n## /s.exec(page) ?? [];
  const [table = ""] = section.split("\n\n").filter((block) => block.startsWith("| alert |"));
  assertEquals([...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name), [...ALERT_NAMES]);
});

Deno.test("docs/observability.md lists each metric with its type, labels and help text", async () => {
  const { text } = await metricsOf(OPTIONS).exposition(QUIET);
  const expected = parseExposition(text).values().map(({ name, type, labels, help }) => {
    const others = labels.filter((label) => label !== "fleet");
    const listed = [...labels.length === others.length ? [] : ["fleet"], ...others];
    return `| \`${name}\` | ${type} | ${listed.map((label) => `\`${label}\``).join(" ")} | ${help} |`;
  });
  const page = await Deno.readTextFile(DOCS);
  assertEquals(page.split("\n").filter((line) => /^\| `(kas|process)_/.test(line)), [...expected]);
});

Deno.test("the alerts in docs/observability.md use metrics and labels that exist", async () => {
  const { text } = await metricsOf(OPTIONS).exposition(QUIET);
  const families = parseExposition(text);
  const expressions = [...(await Deno.readTextFile(DOCS)).matchAll(/^ +expr: (.+)$/gm)].map(([, it = ""]) =>
    it
  );
  assert(expressions.length >= 5);
  for (const expression of expressions) {
    for (const [, name = "", matchers = ""] of expression.matchAll(/\b(kas_\w+)(?:\{([^}]*)\})?/g)) {
      const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
      assert(family !== undefined, `${name} is not a metric`);
      for (const [, label = "", op, pattern = ""] of matchers.matchAll(/(\w+)(=~?)"([^"]*)"/g)) {
        const found = family.samples.map(({ labels }) => labels[label]).filter((text) => text !== undefined);
        const wanted = op === "=" ? [pattern] : pattern.split("|");
        assertEquals(wanted.filter((text) => !found.includes(text)), [], `${name}{${matchers}}`);
      }
    }
  }
});

testWith(
  [program("promtool")],
  "promtool accepts the output of GET /metrics and the documented alerts",
  async () => {
    const { text } = await metricsOf(OPTIONS).exposition(QUIET);
    const [, alerts = ""] = /^```yaml\n(groups:\n[^`]+)```$/m.exec(await Deno.readTextFile(DOCS)) ?? [];
    assertEquals(await promtool(["check", "metrics"], text), [0, ""]);
    assertEquals((await promtool(["check", "rules", "/dev/stdin"], alerts))[0], 0);
  },
);

/** Returns the values of `kas_capacity` by state. */
function capacity(families: ReadonlyMap<string, Family>): Record<string, number> {
  const { samples = [] } = families.get("kas_capacity") ?? {};
  return Object.fromEntries(samples.map(({ labels, value }) => [labels["state"], value]));
}

/** Runs promtool with text on stdin. Returns its exit status and its stderr. */
async function promtool(args: readonly string[], stdin: string): Promise<[number, string]> {
  const child = new Deno.Command("promtool", {
    args: [...args],
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stderr } = await child.output();
  return [code, new TextDecoder().decode(stderr)];
}
