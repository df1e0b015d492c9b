import { assertEquals, assertGreaterOrEqual, assertInstanceOf, assertLess, assertRejects } from "@std/assert";
import { BurnPool, type PoolOptions } from "../../../src/worker/pool.ts";
import { BurnThreadError, startThread } from "../../../src/worker/thread.ts";

const ONE: PoolOptions = { threads: 1, queue: 10, workMs: [1, 1] };
const STAYS = new AbortController().signal;

/** A burn job that runs until its client disconnects, and the controller that disconnects the client. */
function longBurn(pool: BurnPool): { gone: AbortController; ended: Promise<unknown> } {
  const gone = new AbortController();
  return { gone, ended: pool.burn(gone.signal).then(() => "burned", (error) => error) };
}

Deno.test("burn() uses a thread for a duration between minimum and maximum", async () => {
  const dice = [0, 0.5];
  using pool = new BurnPool({ ...ONE, workMs: [5, 25], random: () => dice.shift() ?? 0 });
  const first = await pool.burn(STAYS);
  assertEquals(Number.isInteger(first.w), true);
  assertGreaterOrEqual(first.seconds, 0.005);
  assertGreaterOrEqual((await pool.burn(STAYS)).seconds, 0.005);
});

/** Threads that use no CPU. Each reports that its job took some ms longer than requested. `meant` has the requested durations. */
function lateThreads(ms: number): { readonly meant: number[]; readonly start: () => Worker } {
  const meant: number[] = [];
  const script = `onmessage = ({ data }) => postMessage({ w: 0, seconds: (data.ms + ${ms}) / 1000 })`;
  const start = () => {
    const worker = new Worker(`data:text/javascript,${encodeURIComponent(script)}`, { type: "module" });
    worker.addEventListener("message", ({ data }) => meant.push(Math.round(data.seconds * 1_000 - ms)));
    return worker;
  };
  return { meant, start };
}

for (
  const [what, late, expected] of [
    ["compensates the excess time of earlier jobs", 1, [20, 19, 19, 19]],
    ["keeps to the minimum duration, and compensates the remaining excess time later", 3, [20, 18, 18, 18]],
    ["does not change durations if jobs end on time", 0, [20, 20, 20, 20]],
  ] as const
) {
  Deno.test(`burn() ${what}`, async () => {
    const { meant, start } = lateThreads(late);
    using pool = new BurnPool({ ...ONE, workMs: [18, 22], random: () => 0.5, start });
    for (let n = 0; n < 4; n++) await pool.burn(STAYS);
    assertEquals(meant, [...expected]);
  });
}

Deno.test("burn() starts waiting jobs in the order of their arrival", async () => {
  using pool = new BurnPool(ONE);
  const order: number[] = [];
  const burns = [1, 2, 3, 4].map(async (n) => {
    await pool.burn(STAYS);
    order.push(n);
  });
  assertEquals([pool.burning, pool.waiting], [1, 3]);
  await Promise.all(burns);
  assertEquals(order, [1, 2, 3, 4]);
  assertEquals([pool.burning, pool.waiting], [0, 0]);
});

Deno.test("a pool with a full queue reports that it is full, and rejects jobs", async () => {
  using pool = new BurnPool({ ...ONE, queue: 1, workMs: [60_000, 60_000] });
  const first = longBurn(pool);
  assertEquals(pool.full, false);
  const second = longBurn(pool);
  assertEquals(pool.full, true);
  await assertRejects(() => pool.burn(STAYS), RangeError);
  second.gone.abort();
  assertInstanceOf(await second.ended, DOMException);
  assertEquals(pool.full, false);
  const third = longBurn(pool);
  assertEquals([pool.burning, pool.waiting], [1, 1]);
  third.gone.abort();
  first.gone.abort();
  await Promise.all([first.ended, third.ended]);
});

Deno.test("burn() stops when its client disconnects, and the thread runs the next job", async () => {
  const dice = [1, 0];
  using pool = new BurnPool({ ...ONE, workMs: [1, 60_000], random: () => dice.shift() ?? 0 });
  const first = longBurn(pool);
  const next = pool.burn(STAYS);
  first.gone.abort(new Error("gone"));
  assertEquals(String(await first.ended), "Error: gone");
  assertLess((await next).seconds, 1);
});

Deno.test("burn() does nothing for a client that has already disconnected", async () => {
  using pool = new BurnPool(ONE);
  await assertRejects(() => pool.burn(AbortSignal.abort(new Error("gone"))), Error, "gone");
  assertEquals([pool.burning, pool.waiting], [0, 0]);
});

Deno.test("a burn thread that fails rejects only its own job, and the pool replaces the thread", async () => {
  // tests/integration/worker/thread_test.ts tests a thread that throws an error, because Deno then prints the error to stderr.
  const dies = () => {
    const worker = startThread();
    worker.postMessage = () => worker.dispatchEvent(new ErrorEvent("error", { message: "died" }));
    return worker;
  };
  const starts = [dies, undefined];
  using pool = new BurnPool({ ...ONE, start: () => (starts.shift() ?? startThread)() });
  const first = pool.burn(STAYS);
  const second = pool.burn(STAYS);
  await assertRejects(() => first, BurnThreadError, "died");
  assertGreaterOrEqual((await second).seconds, 0.001);
});

Deno.test("disposing of a pool rejects running and waiting jobs", async () => {
  const pool = new BurnPool({ ...ONE, workMs: [60_000, 60_000] });
  const burns = [longBurn(pool), longBurn(pool)];
  pool[Symbol.dispose]();
  for (const { ended } of burns) assertInstanceOf(await ended, Error);
  assertEquals([pool.burning, pool.waiting], [0, 0]);
});

Deno.test("warmUp() starts the burn threads before the first job", async () => {
  const started = Promise.withResolvers<void>();
  let starts = 0;
  const start = () => {
    if (++starts === 2) started.resolve();
    return startThread();
  };
  using pool = new BurnPool({ ...ONE, threads: 2, start });
  assertEquals(starts, 0);
  pool.warmUp();
  await started.promise;
});
