/**
 * Calls that take several items. AWS limits how many calls an account may make each second, so a fleet of 200 instances must not
 * need 200 calls where four are enough.
 *
 * @module
 */
import { outcomeOf } from "../calls.ts";

/** Maximum number of items in one call. AWS accepts more in most calls, but an error then concerns more items. */
export const BATCH = 50;

/** The results of a call by item. */
export type Results<T, Item = string> = ReadonlyMap<Item, T>;

/** An item's result, or why it failed. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Returns a function that gives the result of one item. The first request for an item sends the call of its whole batch.
 *
 * AWS refuses a whole batch because of one item, and often does not say which one. So a refused batch is split in halves, until each
 * item has its own result or its own error. An error that is not about items, such as throttling, is the error of every item.
 *
 * @param items each item that may be requested, without repetitions
 * @param call may be repeated for an item that an earlier, refused call contained
 */
export function batched<T>(
  items: readonly string[],
  call: (batch: readonly string[]) => Promise<Results<T>>,
  size: number = BATCH,
): (item: string) => Promise<T> {
  const batches = new Map<string, () => Promise<Results<Outcome<T>>>>();
  for (let i = 0; i < items.length; i += size) {
    const batch = items.slice(i, i + size);
    let sent: Promise<Results<Outcome<T>>> | undefined;
    for (const item of batch) batches.set(item, () => sent ??= outcomesOf(batch, call));
  }
  return async (item) => {
    const outcome = (await batches.get(item)?.())?.get(item);
    if (outcome === undefined) throw new RangeError(`${item} is in no batch`);
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  };
}

/**
 * Sends a call for items, and returns each item's result or error. Splits a refused call as {@linkcode batched} does.
 *
 * @param endsBatch returns whether an item's error is also the error of the items after it. kas then does not send these. For
 *   example, EC2 has no capacity for any further instance of the same type in the same zone
 */
export async function outcomesOf<T, Item>(
  batch: readonly Item[],
  call: (batch: readonly Item[]) => Promise<Results<T, Item>>,
  endsBatch: (error: unknown) => boolean = () => false,
): Promise<Results<Outcome<T>, Item>> {
  try {
    const results = await call(batch);
    return new Map(batch.map((item) => [item, outcomeIn(results, item)]));
  } catch (error) {
    if (batch.length === 1 || !mayBeAboutItem(error)) return new Map(batch.map((item) => [item, { error }]));
    const middle = Math.ceil(batch.length / 2);
    // One after the other, for AWS's limits.
    const first = await outcomesOf(batch.slice(0, middle), call, endsBatch);
    const rest = batch.slice(middle);
    const end = first.values().find((outcome) => "error" in outcome && endsBatch(outcome.error));
    if (end !== undefined) return new Map([...first, ...rest.map((item) => [item, end] as const)]);
    return new Map([...first, ...await outcomesOf(rest, call, endsBatch)]);
  }
}

function outcomeIn<T, Item>(results: Results<T, Item>, item: Item): Outcome<T> {
  const value = results.get(item);
  return value !== undefined || results.has(item)
    ? { value: value as T }
    : { error: new Error(`Cannot tell what became of ${item}: it is not in AWS's answer`) };
}

/** Whether a call with fewer items may succeed. */
function mayBeAboutItem(error: unknown): boolean {
  const outcome = outcomeOf(error);
  return outcome === "refused" || outcome === "capacity";
}

/** The results of a call whose answer says nothing about single items. */
export function allDone(batch: readonly string[]): Results<true> {
  return new Map(batch.map((item) => [item, true]));
}
