import { assertEquals } from "@std/assert";
import { adminPolicy } from "../../../src/admin/iam/admin_policy.ts";
import { autoscalerPolicy } from "../../../src/admin/iam/autoscaler_policy.ts";
import type { Scope } from "../../../src/admin/iam/policy.ts";

const SCOPE: Scope = {
  region: "eu-west-1",
  account: "123456789012",
  fleet: "kas",
  balancer: { kind: "classic", name: "kas" },
  topicArn: undefined,
  grow: undefined,
  shrink: "stop",
  instanceRole: undefined,
};

/** Returns the statements about queues of the autoscaler's policy. They are equal to those of the operator's policy. */
function statements(...queues: string[]) {
  const metrics = Object.fromEntries(queues.map((queue, i) => [`q${i}`, { type: "sqs", queue } as const]));
  const of = ({ Statement }: ReturnType<typeof adminPolicy>) =>
    Statement.filter(({ Action }) => Action.some((action) => action.startsWith("sqs:")));
  const scope = { ...SCOPE, metrics };
  const found = of(autoscalerPolicy(scope));
  assertEquals(of(adminPolicy(scope)), found);
  return found.map(({ Action, Resource }) => [Action, Resource]);
}

Deno.test("without a queue in the metrics the policies have no permission for SQS", () => {
  assertEquals(statements(), []);
});

Deno.test("the policies allow reading the queues of the metrics, in the region and account of their URLs", () => {
  assertEquals(
    statements(
      "https://sqs.us-east-1.amazonaws.com/999999999999/mails",
      "https://eu-central-1.queue.amazonaws.com/999999999999/jobs.fifo",
      "https://sqs.us-east-1.amazonaws.com/999999999999/mails",
    ),
    [[["sqs:GetQueueAttributes"], [
      "arn:aws:sqs:us-east-1:999999999999:mails",
      "arn:aws:sqs:eu-central-1:999999999999:jobs.fifo",
    ]]],
  );
});

Deno.test("for a queue by name the policies also allow asking for its URL", () => {
  assertEquals(statements("orders"), [[["sqs:GetQueueAttributes", "sqs:GetQueueUrl"], [
    "arn:aws:sqs:eu-west-1:123456789012:orders",
  ]]]);
});
