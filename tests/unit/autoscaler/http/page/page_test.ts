import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { html } from "../../../../../src/autoscaler/http/page/html.ts";
import { PAGE_HEADERS } from "../../../../../src/autoscaler/http/page/layout.ts";
import { type Page, statusPage } from "../../../../../src/autoscaler/http/page/page.ts";
import { span } from "../../../../../src/autoscaler/http/page/times.ts";
import { LISTED } from "../../../../../src/autoscaler/http/status.ts";
import type { LastScrape } from "../../../../../src/autoscaler/telemetry/samples.ts";
import type { Observation } from "../../../../../src/scaling/model/observation.ts";
import type { Instance } from "../../../../../src/scaling/model/instance.ts";
import { alerts, counts, notices, rows, textOf } from "./page_content.ts";

const NOW = Date.parse("2026-11-25T03:00:00Z");
const LIMITS = { warmup: 120_000, cooldownOut: 0, cooldownIn: 60_000, resync: 60_000 };

const SERVING: Instance = {
  id: "i-1",
  name: "",
  role: "node",
  state: "running",
  type: "t3.micro",
  zone: "eu-west-1a",
  registration: "in-service",
};
const OFF = { ...SERVING, state: "stopped", registration: "none" } as const satisfies Instance;

function observe(instances: readonly Instance[], more: Partial<Observation> = {}): Observation {
  return {
    now: NOW - 12_000,
    fleet: "web",
    limits: LIMITS,
    instances,
    alarms: [],
    cpu: {},
    inProgress: [],
    history: { inServiceSince: {} },
    ...more,
  };
}

const PAGE: Page = {
  fleet: "web",
  version: "1.2.3",
  started: new Date(NOW - 100_000_000).toISOString(),
  snapshot: {
    now: NOW,
    observation: observe([SERVING]),
    desired: undefined,
    limits: LIMITS,
    lastObservation: { at: NOW - 12_000, seconds: 0.2 },
    waiting: 0,
    oldest: undefined,
    inProgress: [],
    paused: undefined,
    override: undefined,
    scrapes: new Map(),
    alerts: [],
    bytes: 0,
  },
  decisions: [],
  settings: {},
  messages: {},
};

const LINE = {
  id: 42,
  time: new Date(NOW - 200_000).toISOString(),
  kind: "none",
  instance: null,
  status: null,
  reason: "Capacity 2 is at its maximum",
  seconds: null,
  trigger: "notification",
  message: null,
  times: 1,
  phases: {},
} as const;

/** Returns the page for a changed snapshot. */
function pageOf(snapshot: Partial<Page["snapshot"]>, more: Partial<Page> = {}): string {
  return statusPage({ ...PAGE, ...more, snapshot: { ...PAGE.snapshot, ...snapshot } });
}

Deno.test("the template tag html escapes inserted text, and does not escape its own HTML", () => {
  const hostile = `<b title='"'>&`;
  assertEquals(
    html`<p title="${hostile}">${[hostile, 7, html`<i>${hostile}</i>`]}</p>`.text,
    '<p title="&lt;b title=&#39;&quot;&#39;&gt;&amp;">&lt;b title=&#39;&quot;&#39;&gt;&amp;7<i>&lt;b title=&#39;&quot;&#39;&gt;&amp;</i></p>',
  );
});

Deno.test("the status page escapes all text", () => {
  const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`;
  const instance = { ...OFF, id: hostile, name: hostile, zone: hostile, quarantine: hostile };
  const alarm = {
    fleet: hostile,
    kind: "cpuhigh",
    dimension: hostile,
    state: "ALARM",
    threshold: 80,
    period: 60,
    changed: NOW,
  } as const;
  const activity = {
    id: 1,
    kind: "start",
    instance: hostile,
    remaining: [],
    began: NOW,
    status: "in-progress",
    reason: hostile,
  } as const;
  const page = pageOf({
    observation: observe([instance, { ...SERVING, autoScalingGroup: hostile }], { alarms: [alarm] }),
    lastObservation: { at: NOW, seconds: 1, error: hostile },
    alerts: [{ name: "unhealthy", reason: hostile, since: NOW }],
    inProgress: [{ activity, step: { step: "healthy", instance: hostile, began: NOW } }],
    scrapes: new Map([[SERVING.id, { at: NOW, problem: hostile }]]),
  }, {
    fleet: hostile,
    version: hostile,
    decisions: [{ line: { ...LINE, instance: hostile, kind: "start", reason: hostile }, checks: [hostile] }],
    settings: { [hostile]: hostile },
    messages: { [hostile]: 1 },
  });
  assertEquals(page.match(/<(?:script|img)/g), null);
  assert(page.split("&lt;script&gt;").length > 15, "the hostile text is missing");
  // No attribute of a tag contains the inserted text.
  assertEquals(page.match(/<[^>]*\son\w+=[^>]*>/g), null);
});

Deno.test("the status page's Content-Security-Policy allows only the page's style sheet, by its hash", () => {
  const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(statusPage(PAGE)) ?? [];
  const hash = createHash("sha256").update(style).digest("base64");
  assertEquals(
    PAGE_HEADERS["content-security-policy"],
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  // The page does not use anything that the policy forbids.
  assertEquals(
    /\s(?:style|src|href|srcset|action)=|url\(|@import|<script|<link/.exec(statusPage(PAGE)),
    null,
  );
});

Deno.test("the status page shows the last scrape of each instance, and why it failed", () => {
  const instances = ["i-1", "i-2", "i-3", "i-4"].map((id) => ({ ...SERVING, id }));
  const scrapes = new Map<string, LastScrape>([
    ["i-1", { at: NOW - 1_000, answered: NOW - 1_000, exporter: "kas worker" }],
    ["i-2", { at: NOW - 1_000, answered: NOW - 40_000, exporter: "node_exporter", problem: "refused" }],
    ["i-3", { at: NOW - 1_000, problem: "no answer within 2 s" }],
  ]);
  const page = pageOf({ observation: observe(instances), scrapes });
  assertEquals(rows(page, "Instances").map((row) => [row["scrape"], row["name"]]), [
    ["kas worker, 1 s ago", ""],
    ["node_exporter, 40 s ago", "the last scrape failed: refused"],
    ["failed", "the last scrape failed: no answer within 2 s"],
    ["-", ""],
  ]);
  assertEquals("scrape" in (rows(pageOf({}), "Instances")[0] ?? {}), false);
});

Deno.test("the status page names the pauses of an operator", () => {
  const page = pageOf({ paused: { in: { since: NOW, until: NOW + 60_000, reason: "<load test>" } } });
  const [notice = ""] = notices(page);
  for (const text of ["scaling in", "&lt;load test>", "2026-11-25T03:01:00.000Z"]) {
    assertStringIncludes(notice, text);
  }
});

Deno.test("the status page shows which instances are protected", () => {
  const page = pageOf({
    observation: observe([{ ...SERVING, id: "i-a", protected: true }, { ...SERVING, id: "i-b" }]),
  });
  assertEquals(rows(page, "Instances").map(({ id, name }) => [id, name]), [["i-a", "protected"], [
    "i-b",
    "",
  ]]);
});

Deno.test("the status page shows each instance with its status, CPU and alarms, and counts instances by status", () => {
  const alarm = { fleet: "web", threshold: 80, period: 60, changed: NOW - 46_000 } as const;
  const page = pageOf({
    observation: observe([
      { ...SERVING, id: "i-a", name: "front" },
      { ...OFF, id: "i-b" },
      { ...OFF, id: "i-c", quarantine: "its health check failed" },
      { ...SERVING, id: "i-d", registration: "out-of-service" },
      { ...SERVING, id: "i-e", registration: "none" },
      { ...OFF, id: "i-f", detached: true },
      { ...SERVING, id: "i-g", role: "control", registration: "none" },
      { ...OFF, id: "i-gone", state: "terminated" },
    ], {
      cpu: { "i-a": { percent: 91.25, at: NOW } },
      alarms: [
        { ...alarm, kind: "cpuhigh", dimension: "i-a", state: "ALARM" },
        { ...alarm, kind: "cpulow", dimension: "i-a", state: "ALARM", threshold: 42 },
      ],
      history: { inServiceSince: { "i-a": NOW - 200_000 } },
    }),
  });
  assertEquals(counts(page), {
    "in service": "1",
    failing: "0",
    joining: "1",
    unhealthy: "0",
    leaving: "0",
    standby: "2",
    detached: "2",
    quarantined: "1",
    "min–max": "1–7",
  });
  const instances = rows(page, "Instances");
  assertEquals(instances.map(({ id, status }) => [id, status]), [
    ["i-c", "quarantined"],
    ["i-e", "detached"],
    ["i-f", "detached"],
    ["i-d", "joining"],
    ["i-a", "in service"],
    ["i-b", "standby"],
    ["i-g", "standby"],
  ]);
  const { "in service for": since, CPU, ...front } = instances[4] ?? {};
  assertEquals(front, {
    id: "i-a",
    name: "front",
    role: "node",
    zone: "eu-west-1a",
    status: "in service",
    state: "running",
    registration: "in-service",
    cpuhigh: "ALARM",
    cpulow: "ALARM",
  });
  assertMatch(CPU ?? "", /^91\.\d %, 0 s ago$/);
  assertEquals(since, "3 min 20 s");
  assertStringIncludes(instances[0]?.["name"] ?? "", "its health check failed");
  assertEquals(
    rows(page, "Alarms that recommend a change").map(({ recommends, alarm, dimension }) => [
      recommends,
      alarm,
      dimension,
    ]),
    [["scale out", "cpuhigh", "i-a"]],
  );
});

Deno.test("the status page shows since when an instance fails, and what EC2 reports of it", () => {
  const failing = { registration: "out-of-service", health: "failing", failingSince: NOW - 40_000 } as const;
  const page = pageOf({
    observation: observe([{ ...SERVING, ...failing, impaired: "EC2 reports its system status as impaired" }]),
  });
  const [{ status = "", name = "" } = {}] = rows(page, "Instances");
  assertEquals(status, "failing");
  assertMatch(name, /40 s.*system status/);
});

Deno.test("the status page shows the desired capacity if it differs from the current capacity", () => {
  assertEquals(counts(pageOf({ desired: 1 }))["desired"], undefined);
  assertEquals(counts(pageOf({ desired: 3 }))["desired"], "3");
  // An activity in progress counts as completed.
  const start = {
    id: 7,
    kind: "start",
    instance: "i-b",
    remaining: [],
    began: NOW,
    status: "in-progress",
    reason: "",
  } as const;
  const starting = pageOf({
    observation: observe([SERVING, { ...OFF, id: "i-b" }]),
    inProgress: [{ activity: start, step: undefined }],
    desired: 2,
  });
  assertEquals(counts(starting)["desired"], undefined);
});

Deno.test("the status page names the capacity that an operator asked for, and its end", () => {
  for (const once of [true, false]) {
    const [notice = ""] = notices(
      pageOf({ override: { capacity: 7, since: NOW, until: NOW + 60_000, once } }),
    );
    for (const text of ["capacity of 7", "2026-11-25T03:01:00.000Z", "kas admin scale auto"]) {
      assertStringIncludes(notice, text);
    }
  }
});

Deno.test("the status page shows activities in progress with their step and durations", () => {
  const activity = {
    id: 7,
    kind: "start",
    instance: "i-b",
    remaining: [],
    began: NOW - 41_000,
    status: "in-progress",
    reason: "CPU is high",
  } as const;
  const step = { step: "healthy", instance: "i-b", began: NOW - 12_000 } as const;
  const page = pageOf({
    observation: observe([SERVING, { ...OFF, id: "i-b" }]),
    inProgress: [{ activity, step }],
  });
  assertEquals(rows(page, "In progress"), [{
    action: "start",
    instance: "i-b",
    step: "healthy",
    "step time": "12 s",
    "total time": "41 s",
    reason: "CPU is high",
  }]);
  assertEquals([counts(page)["in service"], counts(page)["joining"], counts(page)["standby"]], [
    "1",
    "1",
    "0",
  ]);
});

Deno.test("the status page shows the latest decisions, each with the check that decided it", () => {
  const decisions: Page["decisions"] = [
    { line: LINE, checks: ["max-capacity"] },
    {
      line: { ...LINE, id: 41, kind: "stop", instance: "i-a", status: "failed", seconds: 302 },
      checks: [],
    },
    { line: { ...LINE, id: 27, trigger: "reconcile", times: 14 }, checks: [] },
  ];
  const shown = rows(pageOf({}, { decisions }), "Latest decisions");
  assertEquals(shown.map(({ id, time, action, check, outcome }) => [id, time, action, check, outcome]), [
    ["42", "3 min 20 s ago", "none", "max-capacity", "-"],
    ["41", "3 min 20 s ago", "stop i-a", "", "failed, 5 min 2 s"],
    ["27", "3 min 20 s ago (14 times)", "none", "", "-"],
  ]);
  assertEquals(shown[0]?.["reason"], LINE.reason);
});

Deno.test("the status page shows the actions of a decision, and its reason once", () => {
  const line = { ...LINE, id: 9, kind: "start", status: "in-progress" } as const;
  const decisions: Page["decisions"] = [
    { line: { ...line, instance: "i-b" }, checks: ["no-standby"] },
    { line: { ...line, instance: "i-a" }, checks: ["no-standby"] },
  ];
  const shown = rows(pageOf({}, { decisions }), "Latest decisions");
  assertEquals(shown.map(({ id, action, check, reason }) => [id, action, check, reason]), [
    ["9", "start i-b", "no-standby", LINE.reason],
    ["", "start i-a", "", ""],
  ]);
});

Deno.test("the status page shows a notice for each problem, and no notice without a problem", () => {
  assertEquals(notices(statusPage(PAGE)), []);
  const page = pageOf({
    observation: observe([{ ...OFF, role: "base", quarantine: "it failed" }]),
    lastObservation: { at: NOW - 9_000, seconds: 45, error: "EC2 throttles" },
    waiting: 3,
    oldest: NOW - 200_000,
  }, { settings: { dryRun: true, cooldownIn: 60_000, max: 4, topicArn: undefined } });
  const found = notices(page);
  assertEquals(found.length, 5);
  for (
    const [i, fact] of [/EC2 throttles/, /\b0\b.*\b1\b/, /\b3\b.*3 min 20 s/, /\b1\b.*release/, /dry run/i]
      .entries()
  ) {
    assertMatch(found[i] ?? "", fact);
  }
  assertEquals(rows(page, "Settings"), [
    { setting: "dry-run", value: "true" },
    { setting: "cooldown-in", value: "1 min" },
    { setting: "max", value: "4" },
  ]);
});

Deno.test("the status page shows the alerts before everything else, and no notice for the same problem", () => {
  assertEquals(alerts(statusPage(PAGE)), []);
  const observation = observe([{ ...OFF, role: "base" }]);
  const lastObservation = { at: NOW - 9_000, seconds: 45, error: "EC2 throttles" };
  const page = pageOf({
    observation,
    lastObservation,
    alerts: [
      { name: "below-min", reason: "In service: 0, min: 1.", since: NOW - 200_000 },
      { name: "cannot-observe", reason: "<EC2 throttles>", since: NOW - 9_000 },
    ],
  });
  assertEquals(alerts(page), [
    "below-min for 3 min 20 s In service: 0, min: 1.",
    "cannot-observe for 9 s &lt;EC2 throttles>",
  ]);
  assert(page.indexOf('class="alerts"') < page.indexOf('class="counts"'));
  assertMatch(page, /<title>2 alerts, 0 in service: web<\/title>/);
  assertEquals([notices(page).length, notices(pageOf({ observation, lastObservation })).length], [0, 2]);
});

Deno.test("the status page distinguishes a fleet that is not observed yet from an empty fleet", () => {
  const unseen = pageOf({ observation: undefined, lastObservation: undefined });
  assertEquals([counts(unseen), rows(unseen, "Instances")], [{}, []]);
  const empty = pageOf({ observation: observe([]) });
  assertEquals([counts(empty)["in service"], rows(empty, "Instances")], ["0", []]);
  assert(textOf(unseen, "Instances") !== textOf(empty, "Instances"));
});

Deno.test("the status page of 10,000 instances counts all instances, and lists 1,000, beginning with those that need attention", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ ...SERVING, id: `i-${i}` }));
  const page = pageOf({
    observation: observe([...many, { ...OFF, id: "i-bad", quarantine: "why" }], {
      alarms: many.map(({ id }) => ({
        fleet: "web",
        kind: "cpuhigh" as const,
        dimension: id,
        state: "ALARM" as const,
        threshold: 80,
        period: 60,
        changed: NOW,
      })),
    }),
  });
  assertEquals([counts(page)["in service"], counts(page)["quarantined"]], ["10000", "1"]);
  const instances = rows(page, "Instances");
  assertEquals([instances.length, instances[0]?.["id"]], [LISTED, "i-bad"]);
  assertMatch(textOf(page, "Instances"), /and 9001 more$/);
  assertEquals(rows(page, "Alarms that recommend a change").length, 20);
  assertMatch(textOf(page, "Alarms that recommend a change"), /and 9980 more/);
  assert(page.length < 500_000, `${page.length} characters`);
});

for (
  const [ms, words] of [
    [-5, "0 s"],
    [0, "0 s"],
    [4_240, "4.2 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [200_000, "3 min 20 s"],
    [3_600_000, "1 h"],
    [3_605_000, "1 h"],
    [446_400_000, "5 d 4 h"],
  ] as const
) {
  Deno.test(`span() formats ${ms} ms as ${words}`, () => assertEquals(span(ms), words));
}
