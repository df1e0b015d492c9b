import { assert, assertEquals, assertRejects } from "@std/assert";
import { DeadlineError, until, type WaitOptions } from "../../../../src/autoscaler/lifecycle/wait.ts";
import type { Clock } from "../../../../src/runtime.ts";

/** A clock whose sleeps end immediately. */
function fastClock(now = 0): Clock & { readonly sleeps: number[] } {
  const sleeps: number[] = [];
  return {
    sleeps,
    // The time of day jumps, because a wait must not depend on it.
    now: () => Math.random() * 1e12,
    elapsed: () => now,
    sleep: (ms) => {
      sleeps.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

function options(clock: Clock = fastClock(), more: Partial<WaitOptions> = {}): WaitOptions {
  const { signal } = new AbortController();
  return {
    failure: "it did not rain",
    timeout: 60_000,
    pace: 3_000,
    signal,
    runtime: { clock },
    isFatal: () => false,
    ...more,
  };
}

const never = () => Promise.resolve(undefined);

Deno.test("until() makes its first attempt immediately, and sleeps only if the attempt returns nothing", async () => {
  const clock = fastClock();
  assertEquals(await until(() => Promise.resolve("rain"), options(clock)), "rain");
  assertEquals(clock.sleeps, []);
});

Deno.test("until() makes its second attempt after about 50 ms, and then increases the interval up to a maximum", async () => {
  const clock = fastClock();
  await assertRejects(() => until(never, options(clock)), DeadlineError);
  const [first = NaN] = clock.sleeps;
  assert(first >= 45 && first <= 55, `${first}`);
  assert(clock.sleeps.every((ms) => ms <= 3_300));
  assert(clock.sleeps.some((ms) => ms > 2_700));
});

Deno.test("waits that begin at different times make their later attempts at the same times", async () => {
  const attempts = async (begun: number) => {
    const clock = fastClock(begun);
    const times: number[] = [];
    const attempt = () => {
      times.push(clock.elapsed());
      return never();
    };
    await assertRejects(() => until(attempt, options(clock, { timeout: 61_234 })), DeadlineError);
    return times.filter((time) => time > 10_000 && time < 60_000);
  };
  const times = await attempts(0);
  assert(times.length > 10);
  for (const begun of [1, 49, 777, 1_499.5]) assertEquals(await attempts(begun), times);
});

Deno.test("until() makes its last attempt at the deadline", async () => {
  const clock = fastClock();
  let last = 0;
  const attempt = () => {
    last = clock.elapsed();
    return never();
  };
  await assertRejects(
    () => until(attempt, options(clock)),
    DeadlineError,
    "it did not rain within 60 s",
  );
  assertEquals(last, 60_000);
});

Deno.test("until() repeats an attempt after an error that is not fatal", async () => {
  let attempts = 0;
  const attempt = () => ++attempts < 3 ? Promise.reject(new Error("throttled")) : Promise.resolve(attempts);
  assertEquals(await until(attempt, options()), 3);
});

Deno.test("until() throws a DeadlineError whose cause is the error of the last attempt", async () => {
  const error = await assertRejects(
    () => until(() => Promise.reject(new Error("throttled")), options()),
    DeadlineError,
  );
  assertEquals((error.cause as Error).message, "throttled");
});

Deno.test("until() ends after a fatal error", async () => {
  const isFatal = (error: unknown) => error instanceof RangeError;
  await assertRejects(
    () => until(() => Promise.reject(new RangeError("gone")), options(fastClock(), { isFatal })),
    RangeError,
    "gone",
  );
});

Deno.test("until() rejects with the reason of its abort signal, also during an attempt", async () => {
  const stop = new AbortController();
  const attempt = () => {
    stop.abort(new RangeError("enough"));
    return Promise.reject(new Error("aborted"));
  };
  await assertRejects(
    () => until(attempt, options(fastClock(), { signal: stop.signal })),
    RangeError,
    "enough",
  );
});
