import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type FleetParts, handler } from "../../../../src/autoscaler/http/endpoint.ts";
import type { DownFleet } from "../../../../src/autoscaler/http/receive.ts";
import { Inbox } from "../../../../src/autoscaler/store/inbox.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { messageVerifier } from "../../../../src/sns/verify.ts";
import { alarmMessage } from "../../../support/lab/notice.ts";
import { alarmArn } from "../../../support/alarm_arn.ts";
import { type Body, CERTIFICATE, NOW, signed, TOPIC } from "../../sns/fixtures.ts";
import { QUIET } from "./snapshots.ts";

/** An autoscaler's endpoint with the fleets web and jobs, which share a topic, and the fleet broken, which could not start. */
class Desk implements Disposable {
  readonly #store = Store.memory();
  readonly #others = Store.memory();
  readonly inboxes = { web: new Inbox(this.#store), jobs: new Inbox(this.#others) };
  /** The fleets that were woken, and the outcomes of messages, in order. */
  readonly events: string[] = [];
  readonly #handle = handler({
    identity: { fleet: "web,jobs,broken", version: "1.2.3", started: "2026-11-25T00:00:00.000Z" },
    verify: messageVerifier({
      topicArns: [TOPIC],
      certificate: () => Promise.resolve(CERTIFICATE),
      now: () => NOW,
    }),
    fleets: [this.#fleet("web"), this.#fleet("jobs"), BROKEN],
    hosts: [],
    onRefused: (outcome, why) => this.events.push(`${outcome} ${why}`),
    metrics: () => Promise.resolve({ type: "text/plain", text: "" }),
    now: () => NOW,
  });

  #fleet(fleet: "web" | "jobs"): FleetParts {
    return {
      fleet,
      topicArn: TOPIC,
      resubscribe: false,
      inbox: this.inboxes[fleet],
      wake: () => this.events.push(`${fleet} woken`),
      onMessage: (outcome) => this.events.push(`${fleet} ${outcome}`),
      snapshot: () => QUIET,
      status: () => ({ fleet }),
      page: () => `<p>${fleet}</p>`,
      activities: () => [],
      decision: () => undefined,
    };
  }

  async ask(path: string, init?: RequestInit): Promise<string> {
    const response = await this.#handle(new Request(`http://localhost${path}`, init));
    return `${response.status} ${await response.text()}`;
  }

  post(body: Body): Promise<string> {
    return this.ask("/", { method: "POST", body: JSON.stringify(body) });
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
    this.#others[Symbol.dispose]();
  }
}

const BROKEN: DownFleet = {
  fleet: "broken",
  topicArn: TOPIC,
  resubscribe: false,
  problem: "kas.db: damaged <b>",
};

function alarmOf(fleet: string): Body {
  const name = `${fleet}:cpuhigh:i-1`;
  const text = alarmMessage(name, "ALARM", NOW - 2_000).replace(alarmArn(name), alarmArn(name, TOPIC));
  return signed("Notification", { Message: text, MessageId: `of ${fleet}` });
}

Deno.test("POST / stores a notification in the inbox of its fleet, and wakes only this fleet", async () => {
  using desk = new Desk();
  assertMatch(await desk.post(alarmOf("jobs")), /^200 /);
  assertEquals([desk.inboxes.web.waiting(), desk.inboxes.jobs.waiting()], [0, 1]);
  assertEquals(desk.events, ["jobs woken", "jobs accepted"]);
});

Deno.test("POST / answers 503 to a notification of a fleet that could not start, so that SNS repeats the message", async () => {
  using desk = new Desk();
  assertMatch(await desk.post(alarmOf("broken")), /^503 /);
  assertEquals(desk.events, ["failed store"]);
});

Deno.test("POST / counts a refused message for no fleet", async () => {
  using desk = new Desk();
  assertMatch(await desk.post({ ...alarmOf("web"), TopicArn: `${TOPIC}2` }), /^403 /);
  assertEquals(desk.events, ["refused TopicArn"]);
});

Deno.test("GET /status of several fleets summarizes each, and ?fleet=NAME returns the status of one", async () => {
  using desk = new Desk();
  const { fleets } = JSON.parse((await desk.ask("/status")).slice(4));
  const summary = fleets.map((it: Record<string, unknown>) => [it["fleet"], it["running"], it["problem"]]);
  assertEquals(summary, [
    ["web", true, undefined],
    ["jobs", true, undefined],
    ["broken", false, BROKEN.problem],
  ]);
  assertMatch(await desk.ask("/status?fleet=jobs"), /^200 \{"fleet":"jobs","messages":/);
});

Deno.test("GET /status in a browser links to each fleet, begins with the fleets that have problems, and escapes texts", async () => {
  using desk = new Desk();
  const headers = { accept: "text/html" };
  const page = await desk.ask("/status", { headers });
  const links = Array.from(page.matchAll(/href="\?fleet=(\w+)"/g), ([, name]) => name);
  assertEquals(links, ["web", "jobs"]);
  assert(page.indexOf("broken") < page.indexOf("web"), "the fleet with a problem is not the first");
  assertStringIncludes(page, "damaged &lt;b&gt;");
  assertEquals(await desk.ask("/status?fleet=jobs", { headers }), "200 <p>jobs</p>");
});

for (const path of ["/activities", "/decisions"]) {
  Deno.test(`GET ${path} needs the name of one of several fleets`, async () => {
    using desk = new Desk();
    assertMatch(await desk.ask(path), /^300 .*web, jobs, broken/);
    assertMatch(await desk.ask(`${path}?fleet=nobody`), /^404 .*web, jobs, broken/);
    assertMatch(await desk.ask(`${path}?fleet=broken`), /^503 .*damaged/);
    assertMatch(await desk.ask(`${path}?fleet=jobs`), /^200 /);
  });
}
