import { assert, assertEquals, assertFalse, assertRejects, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { allDone, type Results } from "../../../../src/aws/many/batches.ts";
import { gathered, perAccount, shared } from "../../../../src/aws/many/gather.ts";
import type { Aws } from "../../../../src/aws/clients.ts";
import { sdkError } from "../sdk_error.ts";

/** A call in progress, which the test ends. */
interface InProgress {
  readonly batch: readonly string[];
  readonly signal: AbortSignal;
  readonly end: PromiseWithResolvers<Results<number>>;
}

/** A refusal of a call. It names the call's items. */
type Refusal = Error & { readonly items: readonly string[]; readonly number: number };

/** Calls that wait until the test ends them. The result of an item is the number of its call. */
class Calls {
  readonly sent: string[] = [];
  readonly #bad: string;
  #current: InProgress | undefined;

  /** @param bad AWS refuses calls with one of these items */
  constructor(bad = "") {
    this.#bad = bad;
  }

  readonly call = (batch: readonly string[], signal: AbortSignal): Promise<Results<number>> => {
    assertEquals(this.#current, undefined, "two calls at the same time");
    assertEquals(new Set(batch).size, batch.length, "an item twice in a call");
    this.sent.push(batch.join(""));
    const end = Promise.withResolvers<Results<number>>();
    this.#current = { batch, signal, end };
    return end.promise;
  };

  get signal(): AbortSignal | undefined {
    return this.#current?.signal;
  }

  /** Ends the call in progress. Returns whether there was one. */
  async end(): Promise<boolean> {
    const current = this.#current;
    if (current === undefined) return false;
    this.#current = undefined;
    const { batch, end } = current;
    const number = this.sent.length;
    if (batch.some((item) => this.#bad.includes(item))) {
      end.reject(Object.assign(sdkError("IncorrectInstanceState"), { items: batch, number }));
    } else {
      end.resolve(new Map(batch.map((item) => [item, number])));
    }
    await settled();
    return true;
  }
}

/** Resolves when no code is left to run because of promises that have already settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("the requests of one turn share a call, and those during a call share the next one", async () => {
  const calls = new Calls();
  const ask = gathered(calls.call);
  const first = [..."abc"].map((item) => ask(item));
  await settled();
  const later = [..."dae"].map((item) => ask(item));
  await calls.end();
  assertEquals(await Promise.all(first), [1, 1, 1]);
  await calls.end();
  assertEquals(await Promise.all(later), [2, 2, 2]);
  assertEquals(calls.sent, ["abc", "dae"]);
});

Deno.test("a call has at most as many items as allowed", async () => {
  const calls = new Calls();
  const ask = gathered(calls.call, { size: 2 });
  const all = [..."abcde"].map((item) => ask(item));
  await settled();
  while (await calls.end());
  assertEquals(await Promise.all(all), [1, 1, 2, 2, 3]);
  assertEquals(calls.sent, ["ab", "cd", "e"]);
});

Deno.test("kas does not send an item if no caller waits for it any more", async () => {
  const calls = new Calls();
  const ask = gathered(calls.call);
  const first = ask("a");
  await settled();
  const leaving = new AbortController();
  const left = ["b", "b", "c"].map((item) => ask(item, leaving.signal));
  const kept = ask("c");
  leaving.abort(new RangeError("enough"));
  for (const promise of left) await assertRejects(() => promise, RangeError, "enough");
  await assertRejects(() => ask("d", leaving.signal), RangeError, "enough");
  await calls.end();
  await calls.end();
  assertEquals(await Promise.all([first, kept]), [1, 2]);
  assertEquals(calls.sent, ["a", "c"]);
});

Deno.test("a call in progress is aborted when no caller waits for it any more", async () => {
  const calls = new Calls();
  const ask = gathered(calls.call);
  const [one, other] = [new AbortController(), new AbortController()];
  const left = [ask("a", one.signal), ask("b", other.signal), ask("b", other.signal)];
  const ended = Promise.allSettled(left);
  await settled();
  one.abort();
  await settled();
  assertFalse(calls.signal?.aborted);
  other.abort();
  await ended;
  assert(calls.signal?.aborted);
  const next = ask("a");
  await calls.end();
  await calls.end();
  assertEquals(await next, 2);
});

Deno.test("a failed call does not fail later calls", async () => {
  const calls = new Calls("a");
  const ask = gathered(calls.call);
  const bad = assertRejects(() => ask("a"));
  await settled();
  await calls.end();
  await bad;
  const good = ask("b");
  await settled();
  await calls.end();
  assertEquals(await good, 2);
});

const item = fc.constantFrom(..."abcdefgh");
/** What the test does next. Only a request has an item. */
const event = fc.record({ kind: fc.constantFrom("ask", "ask", "ask", "ask and leave", "end", "turn"), item });

Deno.test("whatever happens, each caller gets the result or error of its own item, from a call that began after the request", async () => {
  const property = fc.asyncProperty(
    fc.array(event, { maxLength: 40 }),
    fc.uniqueArray(item, { maxLength: 3 }),
    fc.integer({ min: 1, max: 5 }),
    async (events, bad, size) => {
      const calls = new Calls(bad.join(""));
      const ask = gathered(calls.call, { size });
      const checks: Promise<void>[] = [];
      for (const { kind, item } of events) {
        if (kind === "end") await calls.end();
        else if (kind === "turn") await settled();
        else {
          const leaving = new AbortController();
          checks.push(check(ask(item, leaving.signal), item, bad.includes(item), calls.sent.length));
          if (kind === "ask and leave") leaving.abort();
        }
      }
      await settled();
      while (await calls.end());
      await Promise.all(checks);
      assert(calls.sent.every((batch) => batch.length <= size));
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

/** Checks what a caller gets. `before` is the number of calls that had begun when it asked. */
async function check(answer: Promise<number>, item: string, isBad: boolean, before: number): Promise<void> {
  const [outcome] = await Promise.allSettled([answer]);
  if (outcome.status === "fulfilled") {
    assertFalse(isBad);
    assert(outcome.value > before, `call ${outcome.value} began before the request for ${item}`);
    return;
  }
  const reason: Error & Partial<Refusal> = outcome.reason;
  if (reason.name === "AbortError") return;
  assert(isBad, `${item}: ${reason}`);
  assertEquals(reason.items, [item]);
  assert((reason.number ?? 0) > before);
}

Deno.test("shared() gives all requests of one turn the same answer", async () => {
  let reads = 0;
  const read = shared(() => Promise.resolve(++reads));
  assertEquals(await Promise.all([read(), read()]), [1, 1]);
  assertEquals(await read(), 2);
});

Deno.test("perAccount() makes one value for each account and key", () => {
  const account = () => ({}) as Aws;
  const make = perAccount((_, key?: string) => ({ key }));
  const aws = account();
  assertStrictEquals(make(aws), make(aws));
  assertStrictEquals(make(aws, "a"), make(aws, "a"));
  assert(make(aws) !== make(aws, "a"));
  assert(make(aws) !== make(account()));
});

Deno.test("an answer without an item fails this item only", async () => {
  const ask = gathered((batch) => Promise.resolve(allDone(batch.filter((item) => item !== "b"))));
  const [a, b] = await Promise.allSettled([ask("a"), ask("b")]);
  assertEquals([a?.status, b?.status], ["fulfilled", "rejected"]);
});
