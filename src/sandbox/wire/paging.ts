/**
 * Divides lists into pages. A NextToken contains the key after which the next page begins. Therefore items that are created or
 * deleted between two calls do not cause repeated or missing items on the next page.
 *
 * @module
 */
import type { AwsError } from "./action.ts";

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Token of the next page. Absent on the last page. */
  readonly NextToken?: string;
}

/**
 * Returns the page that follows a token: at most `size` items, in ascending order of their keys. Throws the result of
 * `invalidToken` if the token is invalid.
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
