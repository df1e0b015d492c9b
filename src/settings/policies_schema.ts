/**
 * The schema of the load policies, in a config file and in the setting `policies`.
 *
 * This module loads zod, so settings.ts imports it only if policies are configured.
 *
 * @module
 */
import * as z from "zod";
import { duration } from "../cli/parsers.ts";
import { DEFAULT_STABILIZATION, type PolicySpec, type PolicyType } from "../scaling/model/load/policy.ts";
import { compile, ExpressionError } from "../scaling/policies/expression.ts";
import { parseJsonSetting } from "./json_setting.ts";

const TYPES = ["alarms", "target", "adaptive", "formula"] as const satisfies readonly PolicyType[];

/** The longest stabilization, in ms. */
const LONGEST_STABILIZATION = 3_600_000;

/** The default CPU at which an instance carries its full load, in percent. */
const UTILIZATION = 80;

/** The default share of time in which the capacity may be short. */
const RISK = 0.015;

const cpu = z.literal("cpu", 'expected "cpu"').describe("the mean CPU of the instances in service");

const alarms = z.strictObject({
  type: z.literal("alarms").describe("kas follows the fleet's CloudWatch alarms"),
});

const target = z.strictObject({
  type: z.literal("target").describe("kas keeps a metric at a target"),
  metric: cpu,
  target: number(1, 100).describe("the target of the metric, in percent"),
  stabilization: z.string("expected a time such as 5m").check(({ value, issues }) => {
    try {
      if (duration(value) > LONGEST_STABILIZATION) throw new TypeError("expected at most 60m");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      issues.push({ code: "custom", message: error.message, input: value });
    }
  }).optional().describe(
    `scale-in follows the highest recommendation of this time (default: ${DEFAULT_STABILIZATION / 60_000}m)`,
  ),
});

const adaptive = z.strictObject({
  type: z.literal("adaptive").describe(
    "kas follows the cheapest rule that would have kept the risk on the fleet's own past",
  ),
  metric: cpu,
  utilization: number(10, 100).optional().describe(
    `the CPU at which an instance carries its full load, in percent (default: ${UTILIZATION})`,
  ),
  risk: number(0.001, 0.5).optional().describe(
    `the share of time in which the capacity may be short (default: ${RISK}, which is 1.5 %)`,
  ),
  maxSpare: z.int("expected a whole number").min(0, "expected a whole number from 0").max(
    100_000,
    "expected a whole number up to 100000",
  ).optional().describe("the largest number of instances beyond the need (default: no limit)"),
});

const expression = z.string("expected a text").check(({ value, issues }) => {
  try {
    compile(value);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    issues.push({ code: "custom", message: `"${value}" is not a formula: ${error.message}`, input: value });
  }
});

const formula = z.strictObject({
  type: z.literal("formula").describe("an expression over metrics gives the capacity"),
  capacity: expression.optional().describe(
    "the capacity, such as ceil(backlog / 10); kas rounds fractions up",
  ),
  atLeast: expression.optional().describe("instead of capacity: the least capacity"),
  atMost: expression.optional().describe("instead of capacity: the largest capacity"),
}).check(({ value, issues }) => {
  const { capacity, atLeast, atMost } = value;
  const isRange = atLeast !== undefined || atMost !== undefined;
  if ((capacity !== undefined) === isRange) {
    const message = "expected either capacity, or atLeast, atMost or both";
    issues.push({ code: "custom", message, input: value, path: ["capacity"] });
  }
});

const policy = z.discriminatedUnion("type", [alarms, target, adaptive, formula], {
  error: ({ code, input }) => {
    if (code !== "invalid_union") return 'expected an object such as {"type": "alarms"}';
    const { type } = input as { readonly type?: unknown };
    const given = type === undefined ? "" : `, not ${JSON.stringify(type)}`;
    return `expected ${TYPES.map((type) => `"${type}"`).join(", ").replace(/, ([^,]*)$/, " or $1")}${given}`;
  },
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

function number(min: number, max: number): z.ZodNumber {
  const message = `expected a number from ${min} to ${max}`;
  return z.number(message).min(min, message).max(max, message);
}

/** The policies that need no settings of their own. One word chooses each with its defaults. */
const WORDS: ReadonlyMap<string, PolicySpec> = new Map([
  ["alarms", { type: "alarms" }],
  ["adaptive", { type: "adaptive", metric: "cpu", utilization: UTILIZATION, risk: RISK }],
]);

/**
 * Parses the text of the setting `policies`: the word `adaptive` or `alarms`, or a JSON array.
 *
 * @throws {TypeError} if the text is neither; the message names the place in an array, such as `policies[0].type: …`
 */
export function parsePolicies(text: string): readonly PolicySpec[] {
  const chosen = WORDS.get(text.trim());
  if (chosen !== undefined) return [chosen];
  if (/^\s*\w+\s*$/.test(text)) {
    throw new TypeError(`expected ${[...WORDS.keys()].join(", ")} or a JSON array`);
  }
  return parseJsonSetting("policies", policiesSchema, text).map(specOf);
}

function specOf(policy: z.infer<typeof policiesSchema>[number]): PolicySpec {
  switch (policy.type) {
    case "alarms":
      return policy;
    case "target": {
      const { stabilization } = policy;
      return {
        ...policy,
        stabilization: stabilization === undefined ? DEFAULT_STABILIZATION : duration(stabilization),
      };
    }
    case "adaptive": {
      const { utilization = UTILIZATION, risk = RISK, maxSpare, ...rest } = policy;
      return { ...rest, utilization, risk, ...(maxSpare === undefined ? {} : { maxSpare }) };
    }
    case "formula": {
      const { type, capacity, atLeast, atMost } = policy;
      return {
        type,
        ...(capacity === undefined ? {} : { capacity }),
        ...(atLeast === undefined ? {} : { atLeast }),
        ...(atMost === undefined ? {} : { atMost }),
      };
    }
  }
}
