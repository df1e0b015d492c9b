/**
 * A metric from a JSON document: `{"queue": {"waiting": 12}}`.
 *
 * @module
 */
import type { Runtime } from "../../../runtime.ts";
import type { JsonSpec } from "../../../settings/metrics/spec.ts";
import { fetchJson } from "./fetch_json.ts";
import { SourceError } from "./source_error.ts";

/**
 * Reads a number in a JSON document.
 *
 * @throws {SourceError} if the document has no such number
 */
export async function readJsonField(
  { url, field }: JsonSpec,
  runtime: Pick<Runtime, "fetch" | "clock">,
  signal: AbortSignal,
): Promise<number> {
  const { status, body } = await fetchJson(new URL(url), runtime, signal);
  if (status !== 200) throw new SourceError(`HTTP status ${status}`);
  const value = field.split(".").reduce(member, body);
  if (value === undefined) throw new SourceError(`the document has no field ${field}`);
  if (typeof value !== "number") throw new SourceError(`the field ${field} is not a number`);
  return value;
}

/** Returns a member of an object or an item of an array. Undefined if there is none. */
function member(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}
