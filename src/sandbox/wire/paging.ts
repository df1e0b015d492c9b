/**
 * Divides lists into pages. A NextToken holds the key after which the next page begins, so that creations and deletions
 * between two calls neither repeat nor hide other items.
 *
 * @module
 */
import type { AwsError } from "./action.ts";

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly NextToken?: string;
}

/**
 * Returns the page after a token: at most `size` items, by ascending key. Throws the result of `invalidToken` on an
 * invalid token.
 */
export function page<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  size: number,
  token: string | undefined,
  invalidToken: () => AwsError,
): Page<T> {
  const after = token === undefined ? "" : decode(token, invalidToken);
  const rest = items.map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => key > after)
    .sort((a, b) => a.key < b.key ? -1 : 1);
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  return {
    items: shown.map(({ item }) => item),
    ...(last !== undefined && rest.length > size ? { NextToken: encode(last.key) } : {}),
  };
}

function encode(key: string): string {
  return new TextEncoder().encode(`after:${key}`).toBase64();
}

function decode(token: string, invalidToken: () => AwsError): string {
  let text: string;
  try {
    text = new TextDecoder().decode(Uint8Array.fromBase64(token));
  } catch {
    throw invalidToken();
  }
  if (!text.startsWith("after:")) throw invalidToken();
  return text.slice("after:".length);
}
