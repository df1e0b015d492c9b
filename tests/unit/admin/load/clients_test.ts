import { assertEquals, assertRejects } from "@std/assert";
import {
  ClientPool,
  HttpGetter,
  sendAtRate,
  type SendRequest,
  type Timer,
} from "../../../../src/admin/load/clients.ts";

const STAYS = new AbortController().signal;

/** A timer whose waits take no real time; the n-th fires `late(n)` ms late. */
function handTimer(
  late: (n: number) => number = () => 0,
): Timer & { time: number; readonly waits: number[] } {
  return {
    time: 0,
    waits: [],
    now() {
      return this.time;
    },
    async wait(ms) {
      this.waits.push(ms);
      // What is ready to run at this time runs first, as it does with a real timer.
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.time += ms + late(this.waits.length);
    },
  };
}

/** A server that takes `ms` for each answer, and calls `after` with the number of the request it has answered. */
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

Deno.test("a client asks, waits for the answer, thinks and asks again", async () => {
  const timer = handTimer();
  const counted: number[] = [];
  const end = new AbortController();
  const send = server(timer, 500, (n) => n === 3 && end.abort());
  const crowd = new ClientPool({
    send,
    think: 1_000,
    signal: end.signal,
    timer,
    onRequestEnd: (ms) => counted.push(ms),
  });
  await crowd.setClients(["A"]);
  await ended(end.signal);
  await crowd.setClients([]);
  assertEquals(counted, [500, 500, 500]);
  assertEquals(timer.waits.slice(0, 2), [1_000, 1_000]);
});

Deno.test("a client whose timer fires late thinks that much less the next time", async () => {
  const timer = handTimer(() => 7);
  const end = new AbortController();
  const send = server(timer, 20, (n) => n === 100 && end.abort());
  const crowd = new ClientPool({ send, think: 40, signal: end.signal, timer, onRequestEnd: () => {} });
  await crowd.setClients(["A"]);
  await ended(end.signal);
  await crowd.setClients([]);
  assertEquals(timer.waits.slice(0, 3), [40, 33, 33]);
});

Deno.test("a client whose request failed pauses before it asks again, however little it thinks", async () => {
  const timer = handTimer();
  const counted: boolean[] = [];
  const end = new AbortController();
  let n = 0;
  const send = () => {
    if (++n === 2) end.abort();
    return Promise.resolve(false);
  };
  const crowd = new ClientPool({
    send,
    think: 0,
    signal: end.signal,
    timer,
    onRequestEnd: (_, ok) => counted.push(ok),
  });
  await crowd.setClients(["A"]);
  await ended(end.signal);
  await crowd.setClients([]);
  assertEquals(counted, [false, false]);
  assertEquals(timer.waits[0], 100);
});

Deno.test("become() lets clients come and go; one that leaves gets its last answer first", async () => {
  const asked = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
  let n = 0;
  const counted: boolean[] = [];
  const send: SendRequest = () => asked[n++]?.promise ?? Promise.resolve(true);
  const crowd = new ClientPool({
    send,
    think: 60_000,
    signal: STAYS,
    onRequestEnd: (_, ok) => counted.push(ok),
  });
  await crowd.setClients(["A", "B"]);
  assertEquals(crowd.names, ["A", "B"]);
  const left = crowd.setClients(["B"]);
  assertEquals(crowd.names, ["B"]);
  asked[0]?.resolve(true);
  await left;
  assertEquals(counted, [true]);
  const last = crowd.setClients([]);
  asked[1]?.resolve(true);
  await last;
  assertEquals(counted, [true, true]);
});

Deno.test("arrivals() keeps its rate, and counts latency from when each request was due", async () => {
  // The generator itself is held up for 250 ms once, as on a busy machine.
  const timer = handTimer((n) => n === 2 ? 250 : 0);
  const counted: number[] = [];
  const leave = new AbortController();
  const send = server(timer, 0, (n) => n === 6 && leave.abort());
  const count = (ms: number) => counted.push(ms);
  await sendAtRate({ send, rate: 10, signal: STAYS, stop: leave.signal, timer, onRequestEnd: count });
  assertEquals(counted.map(Math.round), [0, 0, 250, 150, 50, 0]);
});

Deno.test("send() is true for a 200 alone, and rejects only when it is aborted", async () => {
  await using served = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    return new Response("", { status: url.endsWith("/work") ? 200 : 503 });
  });
  const origin = `http://127.0.0.1:${served.addr.port}`;
  using good = new HttpGetter(`${origin}/work`);
  using bad = new HttpGetter(`${origin}/full`);
  assertEquals([await good.send(STAYS), await bad.send(STAYS)], [true, false]);
  using nobody = new HttpGetter("http://127.0.0.1:1/work");
  assertEquals(await nobody.send(STAYS), false);
  await assertRejects(() => good.send(AbortSignal.abort(new Error("enough"))), Error, "enough");
});
