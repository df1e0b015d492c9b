/**
 * The schema of the load policies, in a config file and in the setting `policies`.
 *
 * This module loads zod, so settings.ts imports it only if policies are configured.
 *
 * @module
 */
import * as z from "zod";
import type { PolicySpec, PolicyType } from "../scaling/model/load/policy.ts";
import { parseJsonSetting } from "./json_setting.ts";

const TYPES = ["alarms"] as const satisfies readonly PolicyType[];

const policy = z.strictObject({
  type: z.enum(TYPES, `expected ${TYPES.map((type) => `"${type}"`).join(" or ")}`)
    .describe("alarms: kas follows the fleet's CloudWatch alarms"),
}, {
  error: ({ code }) => code === "invalid_type" ? 'expected an object such as {"type": "alarms"}' : undefined,
});

/** The schema of the load policies of a fleet. An empty array means: no load policy. */
export const policiesSchema = z.array(policy, "expected an array").check(({ value, issues }) => {
  value.forEach(({ type }, i) => {
    if (value.findIndex((other) => other.type === type) === i) return;
    issues.push({
      code: "custom",
      message: `another policy has the type "${type}"`,
      input: value,
      path: [i, "type"],
    });
  });
});

/**
 * Parses the text of the setting `policies`, a JSON array.
 *
 * @throws {TypeError} if the text is not an array of policies; the message names the place, such as `policies[0].type: …`
 */
export function parsePolicies(text: string): readonly PolicySpec[] {
  return parseJsonSetting("policies", policiesSchema, text);
}
