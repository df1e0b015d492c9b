import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { Pacer } from "../../../src/aws/sdk/pace.ts";

/** A clock whose sleeps end at once, and move it. */
function clockOf() {
  const clock = {
    at: 0,
    elapsed: () => clock.at,
    sleep: (ms: number) => {
      clock.at += ms;
      return Promise.resolve();
    },
  };
  return clock;
}

/** Makes calls against a token bucket. Returns the time in seconds, and how many calls were throttled. */
async function run(calls: number, { size, refill }: { size: number; refill: number }) {
  const clock = clockOf();
  const pacer = new Pacer(clock);
  let tokens = size;
  let filledAt = 0;
  let throttled = 0;
  for (let accepted = 0; accepted < calls;) {
    const sentAt = await pacer.turn("Put");
    clock.at += 20;
    tokens = Math.min(size, tokens + (clock.at - filledAt) / 1_000 * refill);
    filledAt = clock.at;
    if (tokens >= 1) {
      tokens--;
      accepted++;
      pacer.accepted("Put");
    } else {
      throttled++;
      pacer.throttled("Put", sentAt);
    }
  }
  return { seconds: clock.at / 1_000, throttled };
}

Deno.test("Pacer finds a limit that it does not know: 400 calls at 3 a second take little longer than they must", async () => {
  const { seconds, throttled } = await run(400, { size: 3, refill: 3 });
  assertGreater(seconds, 132);
  assertLess(seconds, 160);
  assertLess(throttled, 60);
});

Deno.test("Pacer finds a higher limit again, and does not pace calls that AWS never throttles", async () => {
  assertLess((await run(1_000, { size: 20, refill: 40 })).seconds, 40);
  assertEquals(await run(100, { size: 1_000, refill: 1 }), { seconds: 2, throttled: 0 });
});

Deno.test("Pacer slows an operation down once for requests that were sent at once, and no other operation", async () => {
  const clock = clockOf();
  const pacer = new Pacer(clock);
  const sent = await Promise.all([pacer.turn("Put"), pacer.turn("Put"), pacer.turn("Put")]);
  clock.at = 50;
  for (const at of sent) pacer.throttled("Put", at);
  assertEquals(await pacer.turn("Describe"), 50);
  const first = await pacer.turn("Put");
  assertEquals(await pacer.turn("Put") - first, first - 50);
});

Deno.test("a wait of Pacer ends when the call is aborted", async () => {
  const stop = new AbortController();
  const sleep = (_: number, signal?: AbortSignal) =>
    new Promise<void>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  const pacer = new Pacer({ elapsed: () => 0, sleep });
  pacer.throttled("Put", 0);
  const waiting = assertRejects(() => pacer.turn("Put", stop.signal));
  stop.abort();
  await waiting;
  assert(stop.signal.aborted);
});
