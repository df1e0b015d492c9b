/**
 * Asserts with an IAM simulator that a policy allows the needed requests, and is minimal.
 *
 * @module
 */
import type { Policy, Scope, Statement } from "../../../src/admin/iam/policy.ts";
import { balancerRef } from "../../../src/aws/balancing/balancer.ts";
import type { Call } from "../../../src/sandbox/wire/endpoint.ts";
import { ACCOUNT_ID } from "../../../src/sandbox/wire/action.ts";
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

/** The scope of the policy for an autoscaler that launches and terminates instances. */
export const GROWING: Scope = { ...SCOPE, grow: TEMPLATE, shrink: "terminate", instanceRole: ROLE };
/**
 * Returns the requests of the successful calls, without repetitions. A DryRun that would succeed counts as successful.
 */
export function distinct(calls: readonly Call[], tags: Tags): IamRequest[] {
  const successful = calls.filter(({ error }) => error === undefined || error === "DryRunOperation");
  const all = successful.flatMap((call) => requestsOf(call, tags));
  return [...new Map(all.map((request) => [JSON.stringify(request), request])).values()];
}

/**
 * Returns the policy without one action or resource of a statement. Removes the statement if it then has no action or
 * resource left.
 */
function without(policy: Policy, statement: Statement, key: "Action" | "Resource", what: string): Policy {
  const Statement = policy.Statement.flatMap((it) => {
    if (it !== statement) return [it];
    const left = it[key].filter((each) => each !== what);
    return left.length === 0 ? [] : [{ ...it, [key]: left }];
  });
  return { ...policy, Statement };
}

/** Asserts that a policy allows all requests, and that each of its actions and resources is necessary for them. */
export async function fits(policy: Policy, requests: readonly IamRequest[]): Promise<void> {
  const parts = policy.Statement.flatMap((statement) =>
    (["Action", "Resource"] as const).flatMap((key) =>
      statement[key].map((what) => ({ statement, key, what }))
    )
  );
  const reduced = parts.map(({ statement, key, what }) => without(policy, statement, key, what));
  const [whole = [], ...rest] = await simulate([policy, ...reduced], requests);
  assertEquals(requests.filter((_, i) => !whole[i]), []);
  const unnecessary = parts.filter((_, i) => !rest[i]?.includes(false));
  assertEquals(unnecessary.map(({ statement, what }) => `${what} of ${statement.Sid}`), []);
}

/** Returns the names of the requests that a policy allows. */
export async function allowedBy(
  policy: Policy,
  requests: Readonly<Record<string, IamRequest>>,
): Promise<string[]> {
  const [row = []] = await simulate([policy], Object.values(requests));
  return Object.keys(requests).filter((_, i) => row[i]);
}

/** Returns the policy without one of the keys of its conditions, for each key. */
function weakened(policy: Policy): { readonly policy: Policy; readonly name: string }[] {
  return policy.Statement.flatMap((statement) =>
    Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.keys(keys).map((key) => {
        const { [key]: _, ...left } = statement.Condition?.[operator] ?? {};
        const Condition = { ...statement.Condition, [operator]: left };
        const Statement = policy.Statement.map((it) => it === statement ? { ...it, Condition } : it);
        return { policy: { ...policy, Statement }, name: `${key} of ${statement.Sid}` };
      })
    )
  );
}

/** Returns the keys of the conditions of a policy that none of the requests needs in order to be denied. */
export async function unnecessary(policy: Policy, requests: readonly IamRequest[]): Promise<string[]> {
  const all = weakened(policy);
  const answers = await simulate(all.map(({ policy }) => policy), requests);
  return all.filter((_, i) => !answers[i]?.includes(true)).map(({ name }) => name);
}
