import { assert, assertEquals } from "@std/assert";
import { ruleText } from "../../../../../src/scaling/policies/adaptive/describe.ts";
import { Learner } from "../../../../../src/scaling/policies/adaptive/learner.ts";
import {
  CIRCUMSTANCES,
  dailyPeak,
  DAY,
  feed,
  HOUR,
  learned,
  MINUTE,
  SETTINGS,
  START,
  viewOf,
} from "./loads.ts";

function saved(to: number, settings = SETTINGS): Uint8Array {
  const learner = new Learner(settings);
  feed(learner, dailyPeak, { to });
  return learner.save();
}

function restored(bytes: Uint8Array, settings = SETTINGS): Learner {
  const learner = Learner.restore(bytes, settings);
  if (learner === undefined) throw new Error("the state was refused");
  return learner;
}

Deno.test("a restored learner recommends what a learner recommends that did not stop", () => {
  const without = new Learner(SETTINGS);
  feed(without, dailyPeak, { to: 62 * HOUR });
  const learner = restored(saved(52 * HOUR));
  feed(learner, dailyPeak, { from: 52 * HOUR, to: 62 * HOUR });
  const [one, other] = [viewOf(learner), viewOf(without)];
  assertEquals(one.measured, other.measured);
  assertEquals(one.chosen.capacity, other.chosen.capacity);
  assertEquals(one.chosen.forecast, other.chosen.forecast);
  assert(Math.abs(one.chosen.short - other.chosen.short) < 0.001);
});

Deno.test("a restored learner holds the capacity of the last hour", () => {
  const careful = { ...SETTINGS, risk: 0.0001 };
  const learner = restored(saved(DAY + 12 * HOUR + 19 * MINUTE, careful), careful);
  learner.note({ at: START + DAY + 12 * HOUR + 21 * MINUTE, span: MINUTE, demand: 2 }, CIRCUMSTANCES);
  assert(viewOf(learner).chosen.capacity >= 10);
});

Deno.test("the state of a full week has less than 48 kB, and two saves have the same bytes", () => {
  const bytes = saved(8 * DAY);
  assert(bytes.length < 48_000, `${bytes.length}`);
  assertEquals(restored(bytes).save(), bytes);
});

Deno.test("a new learner can be saved and restored", () => {
  const learner = restored(new Learner(SETTINGS).save());
  assertEquals(learner.view(), undefined);
  learner.note({ at: START, span: MINUTE, demand: 2 }, CIRCUMSTANCES);
  assertEquals(viewOf(learner).chosen.capacity, 3);
});

Deno.test("damaged bytes are refused, whichever byte is damaged", () => {
  const bytes = saved(3 * HOUR);
  for (let i = 0; i < bytes.length; i += 7) {
    const damaged = Uint8Array.from(bytes);
    damaged[i] = (damaged[i] ?? 0) ^ 0x10;
    assertEquals(Learner.restore(damaged, SETTINGS), undefined, `byte ${i}`);
  }
  for (const length of [0, 3, 12, 100, bytes.length - 4, bytes.length - 1]) {
    assertEquals(Learner.restore(bytes.slice(0, length), SETTINGS), undefined, `${length} bytes`);
  }
  assertEquals(Learner.restore(new TextEncoder().encode("{}"), SETTINGS), undefined);
});

Deno.test("bytes of another version are refused", () => {
  const bytes = saved(3 * HOUR);
  bytes[7] = 99;
  assertEquals(Learner.restore(bytes, SETTINGS), undefined);
});

/** The settings after a change. The records of the rules depend on the utilization. */
const CHANGED = { utilization: 40, risk: 0.001 };

/** For how long the learner replays 52 hours, if it has a sample a minute. */
const REPLAY = HOUR;

Deno.test("after a change of the utilization the learner makes the records again from the last week", () => {
  const learner = restored(saved(52 * HOUR), CHANGED);
  feed(learner, dailyPeak, { from: 52 * HOUR, to: 52 * HOUR + REPLAY });
  assertEquals(viewOf(learner), learned(dailyPeak, 52 * HOUR + REPLAY, CHANGED));
});

Deno.test("while the learner makes the records again, it follows its former rule with the new settings", () => {
  const before = restored(saved(52 * HOUR));
  before.note({ at: START + 52 * HOUR + MINUTE, span: MINUTE, demand: 2 }, CIRCUMSTANCES);
  const { chosen } = viewOf(before);
  const learner = restored(saved(52 * HOUR), CHANGED);
  feed(learner, dailyPeak, { from: 52 * HOUR, to: 52 * HOUR + 5 * MINUTE });
  const view = viewOf(learner);
  assertEquals([view.replaying, view.need, view.measured], [true, 5, 52 * HOUR + 5 * MINUTE]);
  assertEquals(ruleText(view.chosen), ruleText(chosen));
});

Deno.test("an evaluation replays two hours of the past", () => {
  const learner = restored(saved(52 * HOUR), CHANGED);
  let evaluations = 0;
  do {
    feed(learner, dailyPeak, {
      from: 52 * HOUR + evaluations * MINUTE,
      to: 52 * HOUR + (evaluations + 1) * MINUTE,
    });
    evaluations++;
  } while (viewOf(learner).replaying);
  assert(evaluations >= 26 && evaluations <= 29, `${evaluations} evaluations`);
});

Deno.test("a learner that stops while it makes the records again begins anew after the restart", () => {
  const stopped = restored(saved(52 * HOUR), CHANGED);
  feed(stopped, dailyPeak, { from: 52 * HOUR, to: 52 * HOUR + 5 * MINUTE });
  const learner = restored(stopped.save(), CHANGED);
  feed(learner, dailyPeak, { from: 52 * HOUR + 5 * MINUTE, to: 54 * HOUR });
  assertEquals(viewOf(learner), learned(dailyPeak, 54 * HOUR, CHANGED));
});

Deno.test("if the clock is set back while the learner makes the records again, it makes them of what is left", () => {
  const learner = restored(saved(52 * HOUR), CHANGED);
  feed(learner, dailyPeak, { from: 52 * HOUR, to: 52 * HOUR + 5 * MINUTE });
  feed(learner, dailyPeak, { from: 40 * HOUR, to: 42 * HOUR });
  const { replaying, chosen } = viewOf(learner);
  assertEquals([replaying, chosen], [undefined, learned(dailyPeak, 42 * HOUR, CHANGED).chosen]);
});

Deno.test("a learner of the past knows what a learner knows that saw it", () => {
  const past = Array.from({ length: 52 * 60 }, (_, i) => ({
    end: START + (i + 1) * MINUTE,
    demand: dailyPeak((i + 1) * MINUTE),
  }));
  const learner = Learner.ofPast(past, CHANGED);
  feed(learner, dailyPeak, { from: 52 * HOUR, to: 52 * HOUR + REPLAY });
  assertEquals(viewOf(learner), learned(dailyPeak, 52 * HOUR + REPLAY, CHANGED));
});

Deno.test("another risk needs no new records, and applies at the next choice", () => {
  const learner = restored(saved(52 * HOUR), { ...SETTINGS, risk: 0.2 });
  feed(learner, dailyPeak, { from: 52 * HOUR, to: 62 * HOUR });
  assertEquals(viewOf(learner).chosen, learned(dailyPeak, 62 * HOUR, { risk: 0.2 }).chosen);
});

Deno.test("a state from the future of the clock does not stop the learner", () => {
  const learner = restored(saved(2 * DAY));
  learner.note({ at: START - 300 * DAY, span: MINUTE, demand: 4 }, CIRCUMSTANCES);
  const { at, need } = viewOf(learner);
  assertEquals([at, need], [START - 300 * DAY, 5]);
});
