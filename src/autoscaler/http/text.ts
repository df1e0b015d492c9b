/**
 * Responses in plain text.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";

/** Returns a response in plain text, or in the type that its headers name. */
export function text(
  line: string,
  status: number = STATUS_CODE.OK,
  headers: Record<string, string> = {},
): Response {
  const plain = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return new Response(line, { status, headers: { ...plain, ...headers } });
}
