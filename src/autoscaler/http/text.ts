/**
 * Answers in plain text.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";

/** An answer in plain text, or by its headers in another type. */
export function text(
  line: string,
  status: number = STATUS_CODE.OK,
  headers: Record<string, string> = {},
): Response {
  const plain = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return new Response(line, { status, headers: { ...plain, ...headers } });
}
