import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Clock,
  DeadlineError,
  until,
  type WaitOptions,
} from "../../../../src/autoscaler/control/clock.ts";

/** A clock whose sleeps pass at once. */
function fastClock(): Clock & { readonly sleeps: number[] } {
  let now = 0;
  const sleeps: number[] = [];
  return {
    sleeps,
    // The time of day is set back and forth, and bears on nothing.
    now: () => Math.random() * 1e12,
    elapsed: () => now,
    sleep: (ms) => {
      sleeps.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

function wait(more: Partial<WaitOptions> = {}): WaitOptions {
  const { signal } = new AbortController();
  return {
    what: "rain",
    timeout: 60_000,
    pace: 3_000,
    signal,
    clock: fastClock(),
    fatal: () => false,
    ...more,
  };
}

Deno.test("until() looks at once, and sleeps only if there is nothing to see", async () => {
  const clock = fastClock();
  assertEquals(await until(() => Promise.resolve("seen"), wait({ clock })), "seen");
  assertEquals(clock.sleeps, []);
});

Deno.test("until() looks again after about 50 ms, then less and less often down to its pace", async () => {
  const clock = fastClock();
  await assertRejects(() => until(() => Promise.resolve(undefined), wait({ clock })), DeadlineError);
  const [first = NaN] = clock.sleeps;
  assert(first >= 45 && first <= 55, `${first}`);
  assert(clock.sleeps.every((ms) => ms <= 3_300));
  assert(clock.sleeps.some((ms) => ms > 2_700));
});

Deno.test("until() takes its last look at the deadline", async () => {
  const clock = fastClock();
  let last = 0;
  const look = () => {
    last = clock.elapsed();
    return Promise.resolve(undefined);
  };
  await assertRejects(() => until(look, wait({ clock })), DeadlineError, "Waited 60 s in vain for rain");
  assertEquals(last, 60_000);
});

Deno.test("until() goes on after an error that passes", async () => {
  let looks = 0;
  const look = () => ++looks < 3 ? Promise.reject(new Error("throttled")) : Promise.resolve(looks);
  assertEquals(await until(look, wait()), 3);
});

Deno.test("until() tells at the deadline whether it was looking that failed", async () => {
  const error = await assertRejects(
    () => until(() => Promise.reject(new Error("throttled")), wait()),
    DeadlineError,
  );
  assertEquals((error.cause as Error).message, "throttled");
});

Deno.test("until() ends with a fatal error", async () => {
  const fatal = (error: unknown) => error instanceof RangeError;
  await assertRejects(
    () => until(() => Promise.reject(new RangeError("gone")), wait({ fatal })),
    RangeError,
    "gone",
  );
});

Deno.test("until() ends with its signal's reason, also in the midst of a look", async () => {
  const stop = new AbortController();
  const look = () => {
    stop.abort(new RangeError("enough"));
    return Promise.reject(new Error("aborted"));
  };
  await assertRejects(() => until(look, wait({ signal: stop.signal })), RangeError, "enough");
});
