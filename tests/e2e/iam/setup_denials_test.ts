/**
 * The policy of an operator who creates an Application or Network Load Balancer with `kas admin setup` denies changes of everything that
 * setup has not created.
 *
 * @module
 */
import { adminPolicy } from "../../../src/admin/iam/admin_policy.ts";
import { balancerRef } from "../../../src/aws/balancing/balancer.ts";
import { ACCOUNT_ID } from "../../../src/sandbox/wire/action.ts";
import { assertEquals } from "@std/assert";
import { testWith } from "../../support/needs.ts";
import { allowedBy, SCOPE, unnecessary } from "./proof.ts";
import type { IamRequest } from "./requests.ts";
import { simulator } from "./simulator.ts";

/** The tests are skipped without the simulator. */
const NEEDS = [await simulator()];

/** The tags of setup, as a condition on a request or on a resource sees them. One of them may be missing or differ. */
const setupTags = (on: "RequestTag" | "ResourceTag", differing: Record<string, string> = {}) =>
  Object.fromEntries(
    Object.entries({ "kas:created-by": "setup", "kas:fleet": "kas", ...differing }).map((
      [key, value],
    ) => [`aws:${on}/${key}`, value]),
  );

const WRONG_TAGS = [{ "kas:created-by": "someone" }, { "kas:fleet": "theirs" }];
const balancerCall = (action: string, resource: string, context: IamRequest["context"]): IamRequest => ({
  action: `elasticloadbalancing:${action}`,
  resource: `arn:aws:elasticloadbalancing:eu-west-1:${ACCOUNT_ID}:${resource}`,
  context,
});
const groupCall = (action: string, context: IamRequest["context"]): IamRequest => ({
  action: `ec2:${action}`,
  resource: `arn:aws:ec2:eu-west-1:${ACCOUNT_ID}:security-group/sg-1`,
  context,
});
const CREATED = { "elasticloadbalancing:CreateAction": "CreateLoadBalancer" };

/** The requests that the policy of an operator with `--balancer application` must deny. */
const NEVER_MADE: readonly IamRequest[] = [
  balancerCall("CreateLoadBalancer", "loadbalancer/app/theirs/1", setupTags("RequestTag")),
  balancerCall("CreateLoadBalancer", "loadbalancer/net/kas/1", setupTags("RequestTag")),
  balancerCall("CreateTargetGroup", "targetgroup/theirs/1", setupTags("RequestTag")),
  balancerCall("DeleteLoadBalancer", "loadbalancer/app/theirs/1", setupTags("ResourceTag")),
  balancerCall("DeleteTargetGroup", "targetgroup/theirs/1", setupTags("ResourceTag")),
  balancerCall("ModifyListener", "listener/app/theirs/1/1", setupTags("ResourceTag")),
  balancerCall("RegisterTargets", "targetgroup/theirs/1", {}),
  // Tags on a resource that exists already would make the resource one of setup, which teardown deletes.
  balancerCall("AddTags", "loadbalancer/app/kas/1", setupTags("RequestTag")),
  balancerCall("AddTags", "targetgroup/kas/1", setupTags("RequestTag")),
  groupCall("CreateTags", setupTags("RequestTag")),
  ...WRONG_TAGS.flatMap((tags) => [
    balancerCall("CreateLoadBalancer", "loadbalancer/app/kas/1", setupTags("RequestTag", tags)),
    balancerCall("AddTags", "loadbalancer/app/kas/1", { ...setupTags("RequestTag", tags), ...CREATED }),
    balancerCall("AddTags", "listener/app/kas/1/1", setupTags("RequestTag", tags)),
    balancerCall("DeleteLoadBalancer", "loadbalancer/app/kas/1", setupTags("ResourceTag", tags)),
    groupCall("CreateSecurityGroup", setupTags("RequestTag", tags)),
    groupCall("CreateTags", { ...setupTags("RequestTag", tags), "ec2:CreateAction": "CreateSecurityGroup" }),
    groupCall("DeleteSecurityGroup", setupTags("ResourceTag", tags)),
  ]),
  {
    action: "iam:CreateServiceLinkedRole",
    resource: `arn:aws:iam::${ACCOUNT_ID}:role/aws-service-role/elasticloadbalancing.amazonaws.com/x`,
    context: { "iam:AWSServiceName": "lambda.amazonaws.com" },
  },
];

testWith(
  NEEDS,
  "the operator's IAM policy for --balancer application denies changes of other load balancers, target groups and security groups",
  async () => {
    const targetGroup = [`arn:aws:elasticloadbalancing:eu-west-1:${ACCOUNT_ID}:targetgroup/kas/*`];
    const scope = {
      ...SCOPE,
      balancer: balancerRef({ fleet: "kas", targetGroup }),
      makes: "application",
    } as const;
    const policy = adminPolicy(scope);
    const requests = Object.fromEntries(NEVER_MADE.map((each) => [JSON.stringify(each), each]));
    assertEquals(await allowedBy(policy, requests), []);
    const { Statement: others } = adminPolicy({ ...scope, makes: undefined });
    const known = new Set(others.map(({ Sid }) => Sid));
    const Statement = policy.Statement.filter(({ Sid }) => !known.has(Sid));
    assertEquals(await unnecessary({ ...policy, Statement }, NEVER_MADE), []);
  },
);
