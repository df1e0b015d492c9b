/**
 * The statements that allow an operator to create and delete an Application or Network Load Balancer with `kas admin setup` and
 * `kas admin teardown`. The names of the resources are the fleet's name, and their tags are those of setup.
 *
 * @module
 */
import { setupTags } from "../../aws/balancing/setup_tags.ts";
import type { BalancerType } from "../../aws/balancing/v2/load_balancers.ts";
import { allow, arn, ec2Arn, roleArn, type Scope, type Statement } from "./policy.ts";

/** AWS's names of the types of load balancers in ARNs. */
const IN_ARN = { application: "app", network: "net" } as const;

/** The principal that gives Elastic Load Balancing its own role, which AWS creates with the first load balancer of an account. */
const ELB = "elasticloadbalancing.amazonaws.com";

/** Returns the values of setup's tags by condition key: `RequestTag` for the tags in a request, `ResourceTag` for those of a resource. */
function setupKeys(fleet: string, on: "RequestTag" | "ResourceTag"): Record<string, string> {
  return Object.fromEntries(setupTags(fleet).map(({ Key, Value }) => [`aws:${on}/${Key}`, Value]));
}

/** Returns a statement that allows setup to tag the Classic Load Balancer that it creates. */
export function tagClassicStatement({ fleet }: Scope, arns: readonly string[]): Statement {
  return allow("TagBalancer", arns, ["elasticloadbalancing:AddTags"], {
    StringEquals: {
      ...setupKeys(fleet, "RequestTag"),
      "elasticloadbalancing:CreateAction": "CreateLoadBalancer",
    },
  });
}

/** Returns the statements for a type of load balancer. */
export function setupStatements(scope: Scope, type: BalancerType): Statement[] {
  const { fleet } = scope;
  const elb = (resource: string) => arn(scope, "elasticloadbalancing", resource);
  const balancer = elb(`loadbalancer/${IN_ARN[type]}/${fleet}/*`);
  const targetGroup = elb(`targetgroup/${fleet}/*`);
  const listener = elb(`listener/${IN_ARN[type]}/${fleet}/*`);
  const securityGroup = ec2Arn(scope, "security-group");
  const tagged = { StringEquals: setupKeys(fleet, "RequestTag") };
  const ofSetup = { StringEquals: setupKeys(fleet, "ResourceTag") };
  const at = (key: string, ...actions: string[]) => ({
    StringEquals: { ...tagged.StringEquals, [key]: actions },
  });
  return [
    allow("Create", [balancer, targetGroup, securityGroup], [
      "ec2:CreateSecurityGroup",
      "elasticloadbalancing:CreateLoadBalancer",
      "elasticloadbalancing:CreateTargetGroup",
    ], tagged),
    allow("CreateInVpc", [ec2Arn(scope, "vpc")], ["ec2:CreateSecurityGroup"]),
    allow(
      "TagBalancer",
      [balancer, targetGroup],
      ["elasticloadbalancing:AddTags"],
      at("elasticloadbalancing:CreateAction", "CreateLoadBalancer", "CreateTargetGroup"),
    ),
    // AWS documents CreateAction only for load balancers and target groups.
    allow("TagListener", [listener], ["elasticloadbalancing:AddTags"], tagged),
    allow("TagGroup", [securityGroup], ["ec2:CreateTags"], at("ec2:CreateAction", "CreateSecurityGroup")),
    allow("ChangeMade", [balancer, listener, targetGroup, securityGroup], [
      "ec2:DeleteSecurityGroup",
      "elasticloadbalancing:CreateListener",
      "elasticloadbalancing:DeleteLoadBalancer",
      "elasticloadbalancing:DeleteTargetGroup",
      "elasticloadbalancing:ModifyListener",
      "elasticloadbalancing:ModifyTargetGroup",
      "elasticloadbalancing:ModifyTargetGroupAttributes",
      "elasticloadbalancing:SetSubnets",
    ], ofSetup),
    allow("GroupRules", [securityGroup], [
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:RevokeSecurityGroupIngress",
    ]),
    allow("ServiceRole", [roleArn(scope, `aws-service-role/${ELB}/*`)], ["iam:CreateServiceLinkedRole"], {
      StringEquals: { "iam:AWSServiceName": ELB },
    }),
  ];
}
