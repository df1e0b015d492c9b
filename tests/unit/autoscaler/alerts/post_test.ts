import { assert, assertEquals } from "@std/assert";
import { configure, type LogRecord } from "@logtape/logtape";
import type { AlertChange } from "../../../../src/autoscaler/alerts/alert.ts";
import { AlertPoster } from "../../../../src/autoscaler/alerts/post.ts";
import { textLine } from "../../../../src/process/log.ts";
import { VirtualTime } from "../../../support/lab/virtual_time.ts";

const URL = "https://hooks.example.com/T0/secret-token?key=hidden-key";
const NOW = Date.UTC(2026, 10, 25);

const BEGAN: AlertChange = { name: "unhealthy", state: "firing", reason: "i-1 is ill", since: NOW - 60_000 };
const ENDED: AlertChange = { ...BEGAN, state: "resolved" };

/** A receiver's answer to a request: an HTTP status, an error, or no answer. */
type Answer = number | Error | "none";

/** A poster whose receiver gives these answers in order, and then repeats the last answer. */
async function posting(...answers: readonly Answer[]) {
  const time = new VirtualTime(NOW);
  const records: LogRecord[] = [];
  const requests: { at: number; body: unknown; request: Request }[] = [];
  await configure({
    reset: true,
    sinks: { records: (record) => records.push(record) },
    loggers: [{ category: "kas", sinks: ["records"] }, { category: ["logtape", "meta"], sinks: [] }],
  });
  const answerTo = (n: number) => answers[Math.min(n, answers.length - 1)] ?? 200;
  const fetch = async (input: Request | string | URL, init?: RequestInit): Promise<Response> => {
    time.stir();
    const request = new Request(input, init);
    assertEquals([request.url, request.method, request.headers.get("content-type")], [
      URL,
      "POST",
      "application/json",
    ]);
    const answer = answerTo(requests.length);
    // Without a reference to the request, its signal does not follow the poster's in Deno 2.7.
    requests.push({ at: time.passed, body: await request.json(), request });
    if (answer instanceof Error) throw answer;
    if (answer !== "none") return new Response(null, { status: answer });
    request.signal.throwIfAborted();
    return await new Promise((_, reject) =>
      request.signal.addEventListener("abort", () => reject(request.signal.reason))
    );
  };
  const clock = {
    now: () => time.now(),
    elapsed: () => time.passed,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        const timer = time.after(ms, resolve);
        signal?.addEventListener("abort", () => {
          timer[Symbol.dispose]();
          reject(signal.reason);
        });
      }),
  };
  const poster = new AlertPoster({ url: URL, fleet: "web", runtime: { clock, fetch } });
  return {
    poster,
    time,
    requests,
    states: () => requests.map(({ body }) => (body as AlertChange).state),
    lines: () => records.map(textLine),
  };
}

Deno.test("the poster posts the beginning and the end of an alert as JSON", async () => {
  const { poster, time, requests, lines } = await posting(204);
  poster.post(BEGAN);
  poster.post({ ...ENDED, name: "below-min" });
  await time.pass(1);
  const about = { fleet: "web", reason: "i-1 is ill", since: "2026-11-24T23:59:00.000Z" };
  assertEquals(requests.map(({ body }) => body), [
    { ...about, name: "unhealthy", state: "firing" },
    { ...about, name: "below-min", state: "resolved" },
  ]);
  assertEquals(lines(), []);
});

Deno.test("the poster repeats a failed request after growing pauses, and then gives up", async () => {
  const { poster, time, requests, lines } = await posting(503);
  poster.post(BEGAN);
  await time.pass(3_600_000);
  assertEquals(requests.map(({ at }) => at / 1_000), [0, 1, 6, 36, 156]);
  assertEquals(lines().map((line) => line.split(" ")[1]), [
    "warning",
    "warning",
    "warning",
    "warning",
    "error",
  ]);
  // It posts the next change.
  poster.post(ENDED);
  await time.pass(1);
  assertEquals(requests.length, 6);
});

Deno.test("a request that gets no answer ends after ten seconds", async () => {
  const { poster, time, requests } = await posting("none", 200);
  poster.post(BEGAN);
  await time.pass(60_000);
  assertEquals(requests.map(({ at }) => at), [0, 11_000]);
});

for (const status of [301, 400, 404]) {
  Deno.test(`the poster does not repeat a request after status ${status}`, async () => {
    const { poster, time, requests } = await posting(status);
    poster.post(BEGAN);
    await time.pass(3_600_000);
    assertEquals(requests.length, 1);
  });
}

Deno.test("while the poster waits, the end of an alert replaces its beginning", async () => {
  const { poster, time, states } = await posting(429, 200);
  poster.post(BEGAN);
  await time.pass(500);
  poster.post(ENDED);
  await time.pass(3_600_000);
  assertEquals(states(), ["firing", "resolved"]);
});

Deno.test("the disposal of the poster interrupts a request and a pause", async () => {
  for (const answer of ["none", 503] as const) {
    const { poster, time, requests } = await posting(answer);
    poster.post(BEGAN);
    await time.pass(1);
    await poster[Symbol.asyncDispose]();
    poster.post(ENDED);
    await time.pass(3_600_000);
    assertEquals(requests.length, 1);
  }
});

Deno.test("no log line contains the alert URL", async () => {
  const deno = new TypeError("fetch failed", {
    cause: new Error(`error sending request for url (${URL}): client error (Connect): Connection refused`),
  });
  for (const error of [deno, new TypeError(`Fetch failed: ${URL}`), 500, 404] as const) {
    const { poster, time, lines } = await posting(error);
    poster.post(BEGAN);
    await time.pass(3_600_000);
    assert(lines().length > 0);
    for (const line of lines()) assert(!/secret-token|hidden-key/.test(line), line);
    if (error === deno) assert(lines()[0]?.includes("Connection refused"));
  }
});
