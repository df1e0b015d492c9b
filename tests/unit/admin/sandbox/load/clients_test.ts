import { assertEquals, assertRejects } from "@std/assert";
import {
  ClientPool,
  HttpGetter,
  sendAtRate,
  type SendRequest,
} from "../../../../../src/admin/sandbox/load/clients.ts";
import type { Timer } from "../../../../../src/admin/sandbox/load/timer.ts";

const NEVER = new AbortController().signal;

/** Returns a timer in virtual time. Its n-th wait ends `delay(n)` ms late. */
function fakeTimer(
  delay: (n: number) => number = () => 0,
): Timer & { time: number; readonly waits: number[] } {
  return {
    time: 0,
    waits: [],
    now() {
      return this.time;
    },
    async wait(ms) {
      this.waits.push(ms);
      // All tasks that are ready run before the wait ends, as with a real timer.
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.time += ms + delay(this.waits.length);
    },
  };
}

/** Returns a function that answers a request after `ms`, and then calls `after` with the number of the request. */
function server(timer: { time: number }, ms: number, after: (n: number) => unknown): SendRequest {
  let n = 0;
  return () => {
    timer.time += ms;
    after(++n);
    return Promise.resolve(true);
  };
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

Deno.test("a load client sends a request, waits for the response, pauses, and repeats", async () => {
  const timer = fakeTimer();
  const counted: number[] = [];
  const end = new AbortController();
  const send = server(timer, 500, (n) => n === 3 && end.abort());
  const pool = new ClientPool({
    send,
    think: 1_000,
    signal: end.signal,
    timer,
    onRequestEnd: (ms) => counted.push(ms),
  });
  await pool.setClients(["A"]);
  await ended(end.signal);
  await pool.setClients([]);
  assertEquals(counted, [500, 500, 500]);
  assertEquals(timer.waits.slice(0, 2), [1_000, 1_000]);
});

Deno.test("a load client shortens its next pause by the delay of a late timer", async () => {
  const timer = fakeTimer(() => 7);
  const end = new AbortController();
  const send = server(timer, 20, (n) => n === 100 && end.abort());
  const pool = new ClientPool({ send, think: 40, signal: end.signal, timer, onRequestEnd: () => {} });
  await pool.setClients(["A"]);
  await ended(end.signal);
  await pool.setClients([]);
  assertEquals(timer.waits.slice(0, 3), [40, 33, 33]);
});

Deno.test("a load client pauses for at least 100 ms after a failed request", async () => {
  const timer = fakeTimer();
  const counted: boolean[] = [];
  const end = new AbortController();
  let n = 0;
  const send = () => {
    if (++n === 2) end.abort();
    return Promise.resolve(false);
  };
  const pool = new ClientPool({
    send,
    think: 0,
    signal: end.signal,
    timer,
    onRequestEnd: (_, ok) => counted.push(ok),
  });
  await pool.setClients(["A"]);
  await ended(end.signal);
  await pool.setClients([]);
  assertEquals(counted, [false, false]);
  assertEquals(timer.waits[0], 100);
});

Deno.test("setClients() starts and stops load clients, and waits for their last responses", async () => {
  const requests = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
  let n = 0;
  const counted: boolean[] = [];
  const send: SendRequest = () => requests[n++]?.promise ?? Promise.resolve(true);
  const pool = new ClientPool({
    send,
    think: 60_000,
    signal: NEVER,
    onRequestEnd: (_, ok) => counted.push(ok),
  });
  await pool.setClients(["A", "B"]);
  assertEquals(pool.names, ["A", "B"]);
  const leaving = pool.setClients(["B"]);
  assertEquals(pool.names, ["B"]);
  requests[0]?.resolve(true);
  await leaving;
  assertEquals(counted, [true]);
  const last = pool.setClients([]);
  requests[1]?.resolve(true);
  await last;
  assertEquals(counted, [true, true]);
});

Deno.test("sendAtRate() sends at a constant rate, and measures latency from the time at which each request was due", async () => {
  // One wait ends 250 ms late, as on a busy machine.
  const timer = fakeTimer((n) => n === 2 ? 250 : 0);
  const counted: number[] = [];
  const stop = new AbortController();
  const send = server(timer, 0, (n) => n === 6 && stop.abort());
  const count = (ms: number) => counted.push(ms);
  await sendAtRate({ send, rate: 10, signal: NEVER, stop: stop.signal, timer, onRequestEnd: count });
  assertEquals(counted.map(Math.round), [0, 0, 250, 150, 50, 0]);
});

/** An address at which no server listens. */
function closedHost(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `127.0.0.1:${listener.addr.port}`;
}

Deno.test("HttpGetter.send() returns true only for status 200, and rejects only after an abort", async () => {
  await using served = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    return new Response("", { status: url.endsWith("/work") ? 200 : 503 });
  });
  const origin = `http://127.0.0.1:${served.addr.port}`;
  using good = new HttpGetter(`${origin}/work`);
  using bad = new HttpGetter(`${origin}/full`);
  assertEquals([await good.send(NEVER), await bad.send(NEVER)], [true, false]);
  using nobody = new HttpGetter(`http://${closedHost()}/work`);
  assertEquals(await nobody.send(NEVER), false);
  for (let n = 0; n < 2; n++) await bad.send(NEVER);
  assertEquals([good.failures, bad.failures, nobody.failures], [
    "",
    "3 × HTTP status 503",
    "1 × connection refused",
  ]);
  await assertRejects(() => good.send(AbortSignal.abort(new Error("enough"))), Error, "enough");
});
