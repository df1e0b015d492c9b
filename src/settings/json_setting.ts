/**
 * Parses settings that are arrays or objects in a config file, and the same as JSON text elsewhere.
 *
 * This module loads zod, so settings.ts imports it only if such a setting is configured.
 *
 * @module
 */
import * as z from "zod";
import { problemsOf, problemText } from "./problems.ts";

/**
 * Parses the text of a setting.
 *
 * @param name the key of the setting in a config file
 * @throws {TypeError} if the text does not match the schema; the message names the place, such as `schedules[1].cron: …`
 */
export function parseJsonSetting<T>(name: string, schema: z.ZodType<T>, text: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`expected JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = z.object({ value: schema }).safeParse({ value: json });
  if (parsed.success) return parsed.data.value;
  const issues = parsed.error.issues.map((issue) => ({ ...issue, path: [name, ...issue.path.slice(1)] }));
  throw new TypeError(problemsOf({ issues }, []).map(problemText).join("; "));
}
