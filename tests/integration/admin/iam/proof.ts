/**
 * What the proofs of `kas admin iam-policy` have in common: a scope, and a policy held against what is asked of it. What is allowed
 * is decided by an IAM simulator.
 *
 * @module
 */
import type { Policy, Scope, Statement } from "../../../../src/admin/iam/policies.ts";
import { balancerRef } from "../../../../src/aws/balancing/balancer.ts";
import type { Call } from "../../../../src/sandbox/wire/endpoint.ts";
import { ACCOUNT_ID } from "../../../../src/sandbox/wire/action.ts";
import { assertEquals } from "@std/assert";
import { type IamRequest, requestsOf, ROLE, type Tags } from "./requests.ts";
import { simulate } from "./simulator.ts";

export const TOPIC_ARN = `arn:aws:sns:eu-west-1:${ACCOUNT_ID}:kas`;

export const SCOPE: Scope = {
  region: "eu-west-1",
  account: ACCOUNT_ID,
  fleet: "kas",
  balancer: balancerRef({ fleet: "kas" }),
  topicArn: TOPIC_ARN,
  grow: undefined,
  shrink: "stop",
  instanceRole: undefined,
};

/** The first launch template of a sandbox. */
export const TEMPLATE = "lt-00000000000000001";

/** An autoscaler that launches instances and terminates them. */
export const GROWING: Scope = { ...SCOPE, grow: TEMPLATE, shrink: "terminate", instanceRole: ROLE };
/** Each question once. What DryRun would have been allowed is allowed. */
export function distinct(calls: readonly Call[], tags: Tags): IamRequest[] {
  const made = calls.filter(({ error }) => error === undefined || error === "DryRunOperation");
  const all = made.flatMap((call) => requestsOf(call, tags));
  return [...new Map(all.map((request) => [JSON.stringify(request), request])).values()];
}

/** A policy with something taken from each of its statements; one that has lost all of it is gone. */
function without(policy: Policy, statement: Statement, key: "Action" | "Resource", what: string): Policy {
  const Statement = policy.Statement.flatMap((it) => {
    if (it !== statement) return [it];
    const left = it[key].filter((each) => each !== what);
    return left.length === 0 ? [] : [{ ...it, [key]: left }];
  });
  return { ...policy, Statement };
}

/** Asserts that a policy allows all of them, and that each of its actions and resources is needed for that. */
export async function fits(policy: Policy, requests: readonly IamRequest[]): Promise<void> {
  const parts = policy.Statement.flatMap((statement) =>
    (["Action", "Resource"] as const).flatMap((key) =>
      statement[key].map((what) => ({ statement, key, what }))
    )
  );
  const lesser = parts.map(({ statement, key, what }) => without(policy, statement, key, what));
  const [whole = [], ...rest] = await simulate([policy, ...lesser], requests);
  assertEquals(requests.filter((_, i) => !whole[i]), []);
  const needless = parts.filter((_, i) => !rest[i]?.includes(false));
  assertEquals(needless.map(({ statement, what }) => `${what} of ${statement.Sid}`), []);
}

/** What a policy allows of these. */
export async function allowedBy(
  policy: Policy,
  asked: Readonly<Record<string, IamRequest>>,
): Promise<string[]> {
  const [row = []] = await simulate([policy], Object.values(asked));
  return Object.keys(asked).filter((_, i) => row[i]);
}
