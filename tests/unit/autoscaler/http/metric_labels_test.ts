import { assertEquals } from "@std/assert";
import { autoscalerPolicy } from "../../../../src/admin/iam/autoscaler_policy.ts";
import type { Scope } from "../../../../src/admin/iam/policy.ts";
import { CALLS } from "../../../../src/autoscaler/http/metrics/labels.ts";

/** The prefix of the actions of each service in IAM. */
const PREFIXES: Readonly<Record<string, string>> = {
  EC2: "ec2",
  ElasticLoadBalancing: "elasticloadbalancing",
  ElasticLoadBalancingV2: "elasticloadbalancing",
  CloudWatch: "cloudwatch",
  SNS: "sns",
};

const SCOPE: Omit<Scope, "balancer"> = {
  region: "eu-west-1",
  account: "123456789012",
  fleet: "kas",
  topicArn: "arn:aws:sns:eu-west-1:123456789012:kas",
  grow: "kas-node",
  shrink: "terminate",
  instanceRole: undefined,
};

Deno.test("the metrics of requests to AWS have the operations that the IAM policy of the autoscaler allows", () => {
  const scopes: Scope[] = [
    { ...SCOPE, balancer: { kind: "classic", name: "kas" } },
    {
      ...SCOPE,
      balancer: {
        kind: "target-groups",
        name: "kas",
        arns: ["arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/kas/1"],
      },
    },
  ];
  const allowed = scopes.flatMap((scope) =>
    autoscalerPolicy(scope).Statement.flatMap(({ Action }) => Action)
  );
  const measured = Object.entries(CALLS).flatMap(([service, operations]) =>
    operations.map((operation) => `${PREFIXES[service]}:${operation}`)
  );
  assertEquals(measured.toSorted(), [...new Set(allowed)].sort());
});
