import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { BODY_LIMIT, BodyReader } from "../../../../src/autoscaler/http/body_limits.ts";
import { type FleetParts, handler, type HandlerParts } from "../../../../src/autoscaler/http/endpoint.ts";
import { Inbox } from "../../../../src/autoscaler/store/inbox.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { CertificateError } from "../../../../src/sns/certificate.ts";
import { messageVerifier } from "../../../../src/sns/verify.ts";
import { type Body, CERTIFICATE, NOW, signed, TOPIC } from "../../sns/fixtures.ts";
import { QUIET } from "./snapshots.ts";

/** An inbox whose `synced()` the test replaces. */
class SyncedInbox extends Inbox {
  constructor(state: Store, readonly sync: () => Promise<void>) {
    super(state);
  }

  override synced(): Promise<void> {
    return this.sync();
  }
}

/** A handler with an inbox in memory. The fixture counts how often the handler wakes the control loop. */
class Desk implements Disposable {
  readonly #state = Store.memory();
  /** The sync of the inbox. */
  sync = () => Promise.resolve();
  readonly inbox = new SyncedInbox(this.#state, () => this.sync());
  woken = 0;
  readonly #wake = Promise.withResolvers<void>();
  /** The outcomes of the messages. */
  readonly received: string[] = [];
  /** The outcomes of the messages that belong to no fleet. */
  readonly refused: string[] = [];
  readonly #handle: (request: Request) => Promise<Response>;

  constructor(more: Partial<HandlerParts> & Partial<FleetParts> = {}) {
    const certificate = () => Promise.resolve(CERTIFICATE);
    const fleet: FleetParts = {
      fleet: "kas",
      topicArn: TOPIC,
      inbox: this.inbox,
      wake: () => {
        this.woken++;
        this.#wake.resolve();
      },
      resubscribe: false,
      snapshot: () => QUIET,
      status: () => ({ fleet: "kas" }),
      page: ({ accepted }) => `<p>${accepted}</p>`,
      activities: (limit) => Array(limit).fill({ kind: "none" }),
      decision: () => undefined,
      onMessage: (outcome, why) => this.received.push(`${outcome} ${why}`.trim()),
      ...more,
    };
    this.#handle = handler({
      identity: { fleet: "kas", version: "1.2.3", started: "2026-11-25T00:00:00.000Z" },
      verify: messageVerifier({ topicArns: [TOPIC], certificate, now: () => NOW }),
      fleets: [fleet],
      hosts: ["kas.example"],
      onRefused: (outcome, why) => this.refused.push(`${outcome} ${why}`.trim()),
      metrics: () => Promise.resolve({ type: "text/plain; version=0.0.4", text: "kas_x 1\n" }),
      now: () => NOW,
      ...more,
    });
  }

  /** Resolves when the handler has woken the control loop. */
  woke(): Promise<void> {
    return this.#wake.promise;
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return this.#handle(new Request(`http://localhost${path}`, init));
  }

  /** Returns the HTTP status of the response to a request for a path and a host. */
  async at(base: string, path: string, headers: HeadersInit): Promise<number> {
    const response = await this.#handle(new Request(`${base}${path}`, { headers }));
    await response.body?.cancel();
    return response.status;
  }

  /** `200 accepted`. */
  async ask(path: string, init?: RequestInit): Promise<string> {
    const response = await this.fetch(path, init);
    return `${response.status} ${await response.text()}`;
  }

  /** Posts a body. Returns the status of the answer. */
  async post(body: Body | BodyInit, headers: HeadersInit = {}): Promise<number> {
    const plain = body?.constructor === Object ? JSON.stringify(body) : body as BodyInit;
    const response = await this.fetch("/", { method: "POST", body: plain, headers });
    await response.body?.cancel();
    return response.status;
  }

  [Symbol.dispose](): void {
    this.#state[Symbol.dispose]();
  }
}

Deno.test("POST / answers 200 when a notification is stored, and wakes the control loop", async () => {
  using desk = new Desk();
  assertEquals(
    await desk.post(signed("Notification", { MessageId: "m-1", Message: "an alarm" })),
    200,
  );
  const { id, body, kind } = desk.inbox.next("notification", NOW) ?? {};
  assertEquals({ id, body, kind }, { id: "m-1", body: "an alarm", kind: "notification" });
  assertEquals(desk.woken, 1);
});

Deno.test("POST / passes a message to the control loop immediately, and answers when the message is on disk (R12)", async () => {
  using desk = new Desk();
  const synced = Promise.withResolvers<void>();
  desk.sync = () => synced.promise;
  const woken = desk.woke();
  let answered = false;
  const answer = desk.post(signed("Notification", { MessageId: "m-1" })).finally(() => answered = true);
  await woken;
  assertEquals([desk.inbox.waiting(), answered, desk.received], [1, false, []]);
  synced.resolve();
  assertEquals(await answer, 200);
});

Deno.test("POST / answers 503 if the sync to disk fails, also to a duplicate, so that SNS retries", async () => {
  using desk = new Desk();
  const message = signed("Notification", { MessageId: "m-1" });
  desk.sync = () => Promise.reject(new Error("Input/output error"));
  for (const _time of ["the first", "the second"]) {
    assertEquals(await desk.post(message), 503);
  }
  desk.sync = () => Promise.resolve();
  assertEquals(await desk.post(message), 200);
  assertEquals(desk.received, ["failed store", "failed store", "duplicate"]);
});

Deno.test("POST / answers 200 to a duplicate message, which has no effect (R11)", async () => {
  using desk = new Desk();
  const message = signed("Notification", { MessageId: "m-1" });
  await desk.post(message);
  desk.inbox.done("m-1", NOW);
  assertEquals(await desk.post(message), 200);
  assertEquals([desk.inbox.waiting(), desk.woken], [0, 1]);
  assertMatch(await desk.ask("/status"), /"accepted":1,"duplicate":1/);
  assertEquals(desk.received, ["accepted", "duplicate"]);
});

const REFUSED: readonly [what: string, body: Body | string, answer: number, counted: string][] = [
  ["text that is not JSON", "{", 400, "refused form"],
  ["an empty body", "", 400, "refused form"],
  ["JSON that is not an SNS message", { Type: "Other" }, 400, "refused form"],
  [
    "a signature that does not match the message",
    { ...signed("Notification"), Message: "other" },
    403,
    "refused Signature",
  ],
  ["a message of another topic", signed("Notification", { TopicArn: `${TOPIC}2` }), 403, "refused TopicArn"],
  [
    "an old message",
    signed("Notification", { Timestamp: new Date(NOW - 3_600_000).toISOString() }),
    403,
    "refused Timestamp",
  ],
  [
    "a certificate from another host",
    signed("Notification", { SigningCertURL: "https://example.com/a.pem" }),
    403,
    "refused SigningCertURL",
  ],
];

for (const [what, body, answer, counted] of REFUSED) {
  Deno.test(`POST / rejects and counts ${what}, and stores nothing (R14)`, async () => {
    using desk = new Desk();
    assertEquals(await desk.post(body), answer);
    assertEquals([desk.inbox.waiting(), desk.woken], [0, 0]);
    assertEquals(desk.received, [counted]);
  });
}

Deno.test("POST / ignores HTTP headers, because SNS does not sign headers", async () => {
  using desk = new Desk();
  const headers = {
    "x-amz-sns-message-type": "SubscriptionConfirmation",
    "x-amz-sns-topic-arn": "arn:other",
  };
  assertEquals(await desk.post(signed("Notification"), headers), 200);
  assertEquals(desk.inbox.next("confirmation", NOW), undefined);
});

Deno.test("POST / answers 413 to a body larger than 640 KiB", async () => {
  using desk = new Desk();
  assertEquals(await desk.post("x".repeat(BODY_LIMIT + 1)), 413);
  assertEquals(desk.received, ["refused size"]);
});

Deno.test("POST / stops reading a body at 640 KiB, even if Content-Length is smaller", async () => {
  using desk = new Desk();
  let sent = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
    cancel: () => {
      cancelled = true;
    },
  });
  assertEquals(await desk.post(endless, { "content-length": "10" }), 413);
  assertEquals([cancelled, sent < 2 * BODY_LIMIT], [true, true]);
});

Deno.test("POST / answers 503 to a body that arrives too slowly, so that SNS retries", async () => {
  using desk = new Desk({ bodies: new BodyReader({ timeout: 1 }) });
  assertEquals(await desk.post(new ReadableStream()), 503);
  assertEquals(desk.received, ["failed body"]);
});

Deno.test("POST / answers 503 if it cannot store a message (R12)", async () => {
  const desk = new Desk();
  desk[Symbol.dispose]();
  assertEquals(await desk.post(signed("Notification")), 503);
  assertEquals(desk.woken, 0);
  assertEquals(desk.received, ["failed store"]);
});

Deno.test("POST / answers 503 while the certificate is unavailable, and counts the message", async () => {
  const certificate = () => Promise.reject(new CertificateError("no answer", true));
  using desk = new Desk({ verify: messageVerifier({ topicArns: [TOPIC], certificate, now: () => NOW }) });
  assertEquals(await desk.post(signed("Notification")), 503);
  assertEquals(desk.received, ["failed Certificate"]);
});

Deno.test("POST / stores the token of a SubscriptionConfirmation", async () => {
  using desk = new Desk();
  assertEquals(await desk.post(signed("SubscriptionConfirmation", { Token: "T" })), 200);
  assertEquals(desk.inbox.next("confirmation", NOW)?.body, "T");
});

Deno.test("POST / counts an UnsubscribeConfirmation, and stores its token only with --resubscribe (R14)", async () => {
  for (const resubscribe of [false, true]) {
    using desk = new Desk({ resubscribe });
    assertEquals(await desk.post(signed("UnsubscribeConfirmation")), 200);
    assertEquals(desk.inbox.waiting(), resubscribe ? 1 : 0);
    const status = await desk.ask("/status");
    assertMatch(status, /"accepted":0,.*"unsubscribed":1/);
    assertEquals(desk.received, ["unsubscribed"]);
    assertNotMatch(status, /SECRET/);
  }
});

const ROUTES: readonly [method: string, path: string, answer: RegExp][] = [
  ["GET", "/ping", /^200 pong$/],
  ["GET", "/status", /^200 \{"fleet":"kas","messages":/],
  ["GET", "/activities?limit=2", /^200 \[\{"kind":"none"\},\{"kind":"none"\}\]$/],
  ["GET", "/activities?limit=x", /^400 limit: /],
  ["GET", "/metrics", /^200 kas_x 1\n$/],
  ["HEAD", "/metrics", /^200 /],
  ["POST", "/metrics", /^405 /],
  ["GET", "/", /^405 /],
  ["PUT", "/", /^405 /],
  ["POST", "/ping", /^405 /],
  ["GET", "/toString", /^404 not found$/],
  ["POST", "/other", /^404 not found$/],
];

for (const [method, path, answer] of ROUTES) {
  Deno.test(`${method} ${path} answers ${/\d+/.exec(answer.source)?.[0]}`, async () => {
    using desk = new Desk();
    assertMatch(await desk.ask(path, { method }), answer);
  });
}

/** The Accept header of Chromium. */
const BROWSER =
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";

const ACCEPTS: readonly [accept: string | undefined, type: "json" | "html"][] = [
  [undefined, "json"],
  ["*/*", "json"],
  ["application/json", "json"],
  ["application/json, text/html;q=0.9", "json"],
  ["text/html;q=0.5, application/json", "json"],
  ["text/html;q=0, */*", "json"],
  ["application/xml", "json"],
  ["nonsense", "json"],
  ["application/*, */*;q=0.1", "json"],
  [BROWSER, "html"],
  ["text/html", "html"],
  ["TEXT/HTML", "html"],
  ["application/json;q=0.9, text/html", "html"],
];

for (const [accept, type] of ACCEPTS) {
  Deno.test(`GET /status answers ${type} to the Accept header ${accept ?? "no Accept at all"}`, async () => {
    using desk = new Desk();
    const response = await desk.fetch("/status", accept === undefined ? {} : { headers: { accept } });
    assertEquals(response.headers.get("vary"), "accept");
    if (type === "html") {
      assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
      assertMatch(
        response.headers.get("content-security-policy") ?? "",
        /^default-src 'none'; style-src 'sha256-/,
      );
      assertEquals(await response.text(), "<p>0</p>");
    } else {
      assertEquals(response.headers.get("content-type"), "application/json");
      assertEquals(
        await response.text(),
        '{"fleet":"kas","messages":{"accepted":0,"duplicate":0,"unsubscribed":0,"refused":0,"failed":0,"waiting":0}}',
      );
    }
  });
}

const INHERITED = Object.getOwnPropertyNames(Object.prototype);

Deno.test("the endpoint does not treat the name of an inherited property, such as toString, as a method or path", async () => {
  using desk = new Desk();
  for (const method of INHERITED) {
    for (const path of ["/", "/ping", "/status", "/activities", "/decisions", "/metrics"]) {
      assertEquals([method, path, await desk.ask(path, { method })], [
        method,
        path,
        "405 method not allowed",
      ]);
    }
  }
  for (const path of INHERITED) assertEquals([path, await desk.ask(`/${path}`)], [path, "404 not found"]);
});

const PRIVATE = ["/status", "/activities", "/decisions", "/metrics"];

Deno.test("the endpoint serves paths other than / and /ping only for an IP address, localhost and the names of --host", async () => {
  using desk = new Desk();
  const ask = (host: string, path: string) => desk.at(`http://${host}`, path, { host });
  for (const path of PRIVATE) {
    for (
      const host of [
        "127.0.0.1:10001",
        "[::1]:10001",
        "localhost",
        "LOCALHOST:1",
        "kas.example:80",
        "KAS.example",
      ]
    ) {
      assertEquals([path, host, await ask(host, path)], [path, host, 200]);
    }
    for (
      const host of [
        "evil.example",
        "evil.example:10001",
        "x.kas.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
      ]
    ) {
      assertEquals([path, host, await ask(host, path)], [path, host, 421]);
    }
    // If the request line has a whole URL, the endpoint checks its host and the Host header.
    assertEquals(await desk.at("http://127.0.0.1", path, { host: "evil.example" }), 421);
    assertEquals(await desk.at("http://evil.example", path, { host: "127.0.0.1" }), 421);
  }
  assertEquals(await ask("evil.example", "/ping"), 200);
  assertEquals(await desk.at("http://evil.example", "/", { host: "evil.example" }), 405);
});
