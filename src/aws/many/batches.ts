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
export type Results<T, I extends Item = string> = ReadonlyMap<I, T>;

/** An item's result, or why it failed. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Returns a function that gives the result of one item. The first request for an item sends the call of its whole batch.
 *
 * AWS refuses a whole batch because of one item. If the error names instances of the batch, these instances get the error, and kas
 * sends the other items again. If the error names none, kas splits the batch in halves, until each item has its own result or error.
 * An error that is not about items, such as throttling, is the error of every item.
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

/** An item: a name, such as the id of an instance, or something with an id. */
export type Item = string | { readonly id: string };

/**
 * Sends a call for items, and returns each item's result or error. Splits a refused call as {@linkcode batched} does.
 *
 * @param endsBatch returns whether an item's error is also the error of the items after it. kas then does not send these. For
 *   example, EC2 has no capacity for any further instance of the same type in the same zone
 */
export async function outcomesOf<T, I extends Item>(
  batch: readonly I[],
  call: (batch: readonly I[]) => Promise<Results<T, I>>,
  endsBatch: (error: unknown) => boolean = () => false,
): Promise<Results<Outcome<T>, I>> {
  if (batch.length === 0) return new Map();
  try {
    const results = await call(batch);
    return new Map(batch.map((item) => [item, outcomeIn(results, item)]));
  } catch (error) {
    const failed = (items: readonly I[]) => items.map((item) => [item, { error }] as const);
    if (batch.length === 1 || !mayBeAboutItem(error)) return new Map(failed(batch));
    const named = namedIn(error);
    const { refused = [], others = [] } = Object.groupBy(
      batch,
      (item) => named.has(idOf(item)) ? "refused" : "others",
    );
    if (refused.length > 0) {
      return new Map([...failed(refused), ...await outcomesOf(others, call, endsBatch)]);
    }
    const middle = Math.ceil(batch.length / 2);
    // One after the other, for AWS's limits.
    const first = await outcomesOf(batch.slice(0, middle), call, endsBatch);
    const rest = batch.slice(middle);
    const end = first.values().find((outcome) => "error" in outcome && endsBatch(outcome.error));
    if (end !== undefined) return new Map([...first, ...rest.map((item) => [item, end] as const)]);
    return new Map([...first, ...await outcomesOf(rest, call, endsBatch)]);
  }
}

/**
 * Returns the ids of instances in the message of an error. EC2 and ELB name the instances because of which they refuse a call.
 * Source: EC2 API, "Error codes for the Amazon EC2 API".
 */
function namedIn(error: unknown): ReadonlySet<string> {
  return new Set(error instanceof Error ? error.message.match(/\bi-[0-9a-z]+\b/g) : []);
}

function idOf(item: Item): string {
  return typeof item === "string" ? item : item.id;
}

function outcomeIn<T, I extends Item>(results: Results<T, I>, item: I): Outcome<T> {
  const value = results.get(item);
  return value !== undefined || results.has(item)
    ? { value: value as T }
    : { error: new Error(`The result for ${idOf(item)} is unknown: AWS's answer does not contain it`) };
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
