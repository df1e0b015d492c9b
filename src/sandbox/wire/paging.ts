/**
 * Lists in pages, as NextToken goes on: a token holds the key after which the next page begins, so that what is created or
 * deleted between two calls neither repeats nor hides the rest.
 *
 * @module
 */
import type { AwsError } from "./action.ts";

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Absent with the last page. */
  readonly NextToken?: string;
}

/** The page of at most `size` items after a token, by ascending key. Throws what `refuse` makes of a token that is none. */
export function page<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  size: number,
  token: string | undefined,
  refuse: () => AwsError,
): Page<T> {
  const after = token === undefined ? "" : decode(token, refuse);
  const left = items.map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => key > after)
    .sort((a, b) => a.key < b.key ? -1 : 1);
  const shown = left.slice(0, size);
  const last = shown.at(-1);
  return {
    items: shown.map(({ item }) => item),
    ...(last !== undefined && left.length > size ? { NextToken: encode(last.key) } : {}),
  };
}

function encode(key: string): string {
  return new TextEncoder().encode(`after:${key}`).toBase64();
}

function decode(token: string, refuse: () => AwsError): string {
  let text: string;
  try {
    text = new TextDecoder().decode(Uint8Array.fromBase64(token));
  } catch {
    throw refuse();
  }
  if (!text.startsWith("after:")) throw refuse();
  return text.slice("after:".length);
}
