import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { html } from "../../../../../src/autoscaler/http/page/html.ts";
import { type Page, PAGE_HEADERS, statusPage } from "../../../../../src/autoscaler/http/page/page.ts";
import { span } from "../../../../../src/autoscaler/http/page/words.ts";
import { LISTED } from "../../../../../src/autoscaler/http/status.ts";
import type { Observation } from "../../../../../src/scaling/model/observation.ts";
import type { Instance } from "../../../../../src/scaling/model/instance.ts";
import { text } from "./page_text.ts";

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

function facts(instances: readonly Instance[], more: Partial<Observation> = {}): Observation {
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
    observation: facts([SERVING]),
    limits: LIMITS,
    lastObservation: { at: NOW - 12_000, seconds: 0.2 },
    waiting: 0,
    oldest: undefined,
    inProgress: [],
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
  reason: "2 in service and 0 on the way, max 2",
  seconds: null,
  trigger: "notification",
  message: null,
  times: 1,
  phases: {},
} as const;

/** The page with something else in its snapshot. */
function pageOf(snapshot: Partial<Page["snapshot"]>, more: Partial<Page> = {}): string {
  return statusPage({ ...PAGE, ...more, snapshot: { ...PAGE.snapshot, ...snapshot } });
}

Deno.test("html escapes all that is put into it, but for HTML of its own", () => {
  const hostile = `<b title='"'>&`;
  assertEquals(
    html`<p title="${hostile}">${[hostile, 7, html`<i>${hostile}</i>`]}</p>`.text,
    '<p title="&lt;b title=&#39;&quot;&#39;&gt;&amp;">&lt;b title=&#39;&quot;&#39;&gt;&amp;7<i>&lt;b title=&#39;&quot;&#39;&gt;&amp;</i></p>',
  );
});

Deno.test("the page takes no text for HTML, whoever wrote it", () => {
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
    observation: facts([instance, { ...SERVING, autoScalingGroup: hostile }], { alarms: [alarm] }),
    lastObservation: { at: NOW, seconds: 1, error: hostile },
    inProgress: [{ activity, step: { step: "healthy", instance: hostile, began: NOW } }],
  }, {
    fleet: hostile,
    version: hostile,
    decisions: [{ line: { ...LINE, instance: hostile, kind: "start", reason: hostile }, checks: [hostile] }],
    settings: { [hostile]: hostile },
    messages: { [hostile]: 1 },
  });
  assertEquals(page.match(/<(?:script|img)/g), null);
  assert(page.split("&lt;script&gt;").length > 15, "the hostile text is not where it was put");
  // Of the tags that are there none has an attribute that came with the text.
  assertEquals(page.match(/<[^>]*\son\w+=[^>]*>/g), null);
});

Deno.test("the page's policy allows its own style sheet by its hash, and nothing else", () => {
  const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(statusPage(PAGE)) ?? [];
  const hash = createHash("sha256").update(style).digest("base64");
  assertEquals(
    PAGE_HEADERS["content-security-policy"],
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  // It asks for nothing that the policy would have to allow.
  assertEquals(
    /\s(?:style|src|href|srcset|action)=|url\(|@import|<script|<link/.exec(statusPage(PAGE)),
    null,
  );
});

Deno.test("the page tells the fleet: who stands where, its CPU, its alarms, and why it is left alone", () => {
  const alarm = { fleet: "web", threshold: 80, period: 60, changed: NOW - 46_000 } as const;
  const page = text(pageOf({
    observation: facts([
      { ...SERVING, id: "i-a", name: "front" },
      { ...OFF, id: "i-b" },
      { ...OFF, id: "i-c", quarantine: "its worker did not answer" },
      { ...SERVING, id: "i-d", registration: "out-of-service" },
      { ...OFF, id: "i-gone", state: "terminated" },
    ], {
      cpu: { "i-a": { percent: 91.25, at: NOW } },
      alarms: [
        { ...alarm, kind: "cpuhigh", dimension: "i-a", state: "ALARM" },
        { ...alarm, kind: "cpulow", dimension: "i-a", state: "ALARM", threshold: 42 },
      ],
      history: { inServiceSince: { "i-a": NOW - 200_000 } },
    }),
  }));
  assertStringIncludes(page, "1 in service 1 joining 0 leaving 1 standby 1 quarantined 0–4 min–max");
  assertStringIncludes(page, "as seen 12 s ago · kas 1.2.3, up 1 d 3 h");
  assertStringIncludes(page, "In quarantine: 1; kas admin instances release ID lifts it");
  assertStringIncludes(page, "one more cpuhigh i-a ALARM for 46 s ≥ 80 % in 60 s");
  assertStringIncludes(page, "2 alarms in all, 2 in ALARM");
  assertMatch(
    page,
    /i-a front node eu-west-1a in service running in-service 91\.\d % ALARM ALARM 3 min 20 s/,
  );
  assertStringIncludes(
    page,
    "i-c quarantined: its worker did not answer node eu-west-1a quarantined stopped none",
  );
  assert(!page.includes("i-gone"), "what is terminated is no part of the fleet");
});

Deno.test("the page tells what is under way, with its step and how long each has taken", () => {
  const activity = {
    id: 7,
    kind: "start",
    instance: "i-b",
    remaining: [],
    began: NOW - 41_000,
    status: "in-progress",
    reason: "cpuhigh of i-a went from OK to ALARM",
  } as const;
  const step = { step: "healthy", instance: "i-b", began: NOW - 12_000 } as const;
  const page = text(pageOf({
    observation: facts([SERVING, { ...OFF, id: "i-b" }]),
    inProgress: [{ activity, step }],
  }));
  assertStringIncludes(page, "start i-b healthy 12 s 41 s cpuhigh of i-a went from OK to ALARM");
  assertStringIncludes(page, "1 in service 1 joining 0 leaving 0 standby");
});

Deno.test("the page tells the latest decisions in words, with the check that decided each", () => {
  const decisions: Page["decisions"] = [
    { line: LINE, checks: ["max-capacity"] },
    {
      line: { ...LINE, id: 41, kind: "stop", instance: "i-a", status: "failed", seconds: 302 },
      checks: [],
    },
    { line: { ...LINE, id: 27, trigger: "reconcile", times: 14 }, checks: [] },
  ];
  const page = pageOf({}, { decisions });
  assertStringIncludes(
    text(page),
    "42 3 min 20 s ago nothing max-capacity - 2 in service and 0 on the way, max 2",
  );
  assertStringIncludes(text(page), "41 3 min 20 s ago stop i-a failed, 5 min 2 s");
  assertStringIncludes(text(page), "27 3 min 20 s ago (14 times) nothing -");
});

Deno.test("the page says what is not as it should be, and nothing of it where all is well", () => {
  assert(!statusPage(PAGE).includes('class="notices"'));
  const page = text(pageOf({
    observation: facts([{ ...OFF, role: "base" }]),
    lastObservation: { at: NOW - 9_000, seconds: 45, error: "EC2 throttles" },
    waiting: 3,
    oldest: NOW - 200_000,
  }, { settings: { dryRun: true, cooldownIn: 60_000, max: 4, topicArn: undefined } }));
  assertStringIncludes(page, "The last look at the fleet failed 9 s ago: EC2 throttles");
  assertStringIncludes(page, "0 in service, and the minimum is 1");
  assertStringIncludes(page, "Messages wait: 3, the first of them for 3 min 20 s");
  assertStringIncludes(page, "A dry run: it decides, and does nothing");
  assertStringIncludes(page, "Settings setting value dry-run true cooldown-in 1 min max 4 ");
});

Deno.test("the page of a fleet that was not seen yet says so, and one of an empty fleet that it is empty", () => {
  const unseen = text(pageOf({ observation: undefined, lastObservation: undefined }));
  assertStringIncludes(unseen, "not seen yet · kas 1.2.3");
  assertStringIncludes(unseen, "Instances not seen yet");
  assertStringIncludes(text(pageOf({ observation: facts([]) })), "Instances none");
});

Deno.test("the page of 10,000 instances counts them all, lists a thousand, those that need a look first", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ ...SERVING, id: `i-${i}` }));
  const page = pageOf({
    observation: facts([...many, { ...OFF, id: "i-bad", quarantine: "why" }], {
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
  assertEquals(page.match(/<code>i-/g)?.length, LISTED);
  assertStringIncludes(text(page), "10000 in service 0 joining 0 leaving 0 standby 1 quarantined");
  assertStringIncludes(text(page), "and 9001 more");
  assert(page.indexOf("<code>i-bad</code>") < page.indexOf("<code>i-0</code>"));
  assertStringIncludes(text(page), "and 9980 more");
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
  Deno.test(`span() says ${words} for ${ms} ms`, () => assertEquals(span(ms), words));
}
