import { assertEquals, assertThrows } from "@std/assert";
import { AwsError } from "../../../../src/sandbox/wire/action.ts";
import {
  DEFAULT_POLICY,
  parseRetryPolicy,
  retryDelays,
} from "../../../../src/sandbox/sns/delivery_policy.ts";

/** Returns the rounded delays of a subscription's policy. */
function delaysOf(policy: Record<string, unknown>): number[] {
  return retryDelays(parseRetryPolicy(JSON.stringify({ healthyRetryPolicy: policy }))).map(Math.round);
}

Deno.test("retryDelays() of the default policy returns three delays of 20 s", () => {
  assertEquals(retryDelays(DEFAULT_POLICY), [20, 20, 20]);
  assertEquals(parseRetryPolicy("{}"), DEFAULT_POLICY);
});

Deno.test("retryDelays() follows the phases: no delay, minimum delay, backoff, maximum delay", () => {
  const policy = {
    minDelayTarget: 5,
    maxDelayTarget: 60,
    numRetries: 11,
    numNoDelayRetries: 2,
    numMinDelayRetries: 2,
    numMaxDelayRetries: 3,
  };
  assertEquals(delaysOf({ ...policy, backoffFunction: "linear" }), [0, 0, 5, 5, 19, 33, 46, 60, 60, 60, 60]);
  assertEquals(delaysOf({ ...policy, backoffFunction: "exponential" }), [
    0,
    0,
    5,
    5,
    6,
    8,
    19,
    60,
    60,
    60,
    60,
  ]);
});

Deno.test("parseRetryPolicy() also parses the policy of a topic", () => {
  const json = JSON.stringify({ http: { defaultHealthyRetryPolicy: { numRetries: 1 } } });
  assertEquals(retryDelays(parseRetryPolicy(json)), [20]);
});

Deno.test("parseRetryPolicy() rejects the same policies as SNS", async (t) => {
  const cases: Readonly<Record<string, string>> = {
    "not JSON": "20 s",
    "a list": "[]",
    "101 retries": '{"healthyRetryPolicy":{"numRetries":101}}',
    "more retries in the phases than in all": '{"healthyRetryPolicy":{"numRetries":2,"numNoDelayRetries":3}}',
    "the least delay above the greatest": '{"healthyRetryPolicy":{"minDelayTarget":30,"maxDelayTarget":20}}',
    "more than an hour": '{"healthyRetryPolicy":{"numRetries":100,"minDelayTarget":60,"maxDelayTarget":60}}',
    "an unknown backoff": '{"healthyRetryPolicy":{"backoffFunction":"random"}}',
  };
  for (const [name, json] of Object.entries(cases)) {
    await t.step(name, () => {
      assertEquals(assertThrows(() => parseRetryPolicy(json), AwsError).code, "InvalidParameter");
    });
  }
});
