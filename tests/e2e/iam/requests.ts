/**
 * The requests that IAM authorizes for an AWS call: one for each resource of the call, with the action, the resource's
 * ARN and the context.
 *
 * Source: AWS Service Authorization Reference of Amazon EC2, CloudWatch, Elastic Load Balancing and SNS.
 *
 * @module
 */
import type { Call } from "../../../src/sandbox/wire/endpoint.ts";
import { ACCOUNT_ID } from "../../../src/sandbox/wire/action.ts";

/** A request that IAM authorizes. */
export interface IamRequest {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | string[]>>;
}

/** Tags by instance id. */
export type Tags = ReadonlyMap<string, Readonly<Record<string, string>>>;

const arn = (service: string, resource: string, account = ACCOUNT_ID) =>
  `arn:aws:${service}:eu-west-1:${account}:${resource}`;

const prefixed = (prefix: string, tags: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:${prefix}/${key}`, value]));

/**
 * Returns the requests that IAM authorizes for a call. Throws RangeError if this module does not know the resources of
 * the action.
 */
export function requestsOf({ service, action, input }: Call, tags: Tags): IamRequest[] {
  const prefix = service === "monitoring" ? "cloudwatch" : service.replace(/-v2$/, "");
  const name = `${prefix}:${action}`;
  const on = (resource: string, context: IamRequest["context"] = {}) => ({ action: name, resource, context });
  const texts = (key: string) => (input[key] as string[] | undefined ?? []).map(String);
  const instance = (id: string, context: IamRequest["context"] = {}) =>
    on(arn("ec2", `instance/${id}`), { ...prefixed("ResourceTag", tags.get(id) ?? {}), ...context });
  switch (action) {
    case "DescribeInstances":
    case "DescribeInstanceStatus":
    case "DescribeInstanceHealth":
    case "DescribeLoadBalancers":
    case "DescribeAlarms":
    case "GetMetricData":
    case "ListTopics":
    case "DescribeInstanceCreditSpecifications":
    case "DescribeSecurityGroups":
    case "DescribeVolumes":
    case "DescribeVpcs":
    case "DescribeLoadBalancerAttributes":
    case "DescribeListeners":
    case "DescribeSubnets":
    case "DescribeTags":
    case "DescribeTargetGroups":
    case "DescribeTargetGroupAttributes":
    case "DescribeTargetHealth":
      return [on("*")];
    case "DescribeInstanceAttribute":
      return [instance(String(input["InstanceId"]))];
    case "MonitorInstances":
    case "StartInstances":
    case "StopInstances":
    case "TerminateInstances":
      return texts("InstanceIds").map((id) => instance(id));
    case "CreateTags":
    case "DeleteTags": {
      const given = (input["Tags"] as { Key: string; Value?: string }[]).map(({ Key, Value }) =>
        [Key, Value ?? ""] as const
      );
      const asked = prefixed("RequestTag", Object.fromEntries(given));
      return texts("Resources").map((id) =>
        instance(id, { ...asked, "aws:TagKeys": given.map(([key]) => key) })
      );
    }
    case "RunInstances":
      return launchRequests(input, on);
    case "CreateSecurityGroup":
    case "DeleteSecurityGroup":
    case "AuthorizeSecurityGroupIngress":
    case "RevokeSecurityGroupIngress":
      return securityGroupRequests(action, input, on);
    case "PutMetricAlarm": {
      const actions = ["AlarmActions", "OKActions", "InsufficientDataActions"].flatMap(texts);
      const context: IamRequest["context"] = actions.length === 0
        ? {}
        : { "cloudwatch:AlarmActions": actions };
      return [on(arn("cloudwatch", `alarm:${input["AlarmName"]}`), context)];
    }
    case "SetAlarmState":
      return [on(arn("cloudwatch", `alarm:${input["AlarmName"]}`))];
    case "DeleteAlarms":
      return texts("AlarmNames").map((each) => on(arn("cloudwatch", `alarm:${each}`)));
    case "CreateTopic":
      return [on(arn("sns", String(input["Name"])))];
    case "Unsubscribe":
    case "GetSubscriptionAttributes":
    case "SetSubscriptionAttributes":
      return [on(String(input["SubscriptionArn"]).replace(/:[^:]*$/, ""))];
    default:
      if (service === "sns") return [on(String(input["TopicArn"]))];
      if (service === "elasticloadbalancing-v2") return balancerRequests(action, input, on);
      if (service === "elasticloadbalancing") {
        const resource = arn(service, `loadbalancer/${input["LoadBalancerName"]}`);
        const context = requestTags(input["Tags"]);
        return Object.keys(context).length === 0
          ? [on(resource)]
          : [on(resource, context), addTags(resource, { ...context, [CREATE_ACTION]: action })];
      }
      throw new RangeError(`The resources of ${name} are unknown`);
  }
}

type On = (resource: string, context?: IamRequest["context"]) => IamRequest;

const CREATE_ACTION = "elasticloadbalancing:CreateAction";

/** The tags of what setup has created for the fleet `kas`, as a condition sees them. */
const OF_SETUP = prefixed("ResourceTag", { "kas:created-by": "setup", "kas:fleet": "kas" });

/** Returns the IAM context of the tags in a request. */
function requestTags(tags: unknown): Record<string, string> {
  const given = (tags as { Key: string; Value: string }[] | undefined ?? []).map((
    { Key, Value },
  ) => [Key, Value]);
  return prefixed("RequestTag", Object.fromEntries(given));
}

/** Returns the request to tag a load balancer, a listener or a target group. */
function addTags(resource: string, context: IamRequest["context"]): IamRequest {
  return { action: "elasticloadbalancing:AddTags", resource, context };
}

/** Returns the requests of a call for an Application or Network Load Balancer. */
function balancerRequests(action: string, input: Call["input"], on: On): IamRequest[] {
  const elb = (resource: string) => arn("elasticloadbalancing", resource);
  const context = requestTags(input["Tags"]);
  switch (action) {
    case "CreateLoadBalancer": {
      const resource = elb(`loadbalancer/${input["Type"] === "network" ? "net" : "app"}/${input["Name"]}/1`);
      // In an account without a load balancer, ELB also creates its own role.
      const service = "elasticloadbalancing.amazonaws.com";
      const role = `role/aws-service-role/${service}/AWSServiceRoleForElasticLoadBalancing`;
      return [on(resource, context), addTags(resource, { ...context, [CREATE_ACTION]: action }), {
        action: "iam:CreateServiceLinkedRole",
        resource: `arn:aws:iam::${ACCOUNT_ID}:${role}`,
        context: { "iam:AWSServiceName": service },
      }];
    }
    case "CreateTargetGroup": {
      const resource = elb(`targetgroup/${input["Name"]}/1`);
      return [on(resource, context), addTags(resource, { ...context, [CREATE_ACTION]: action })];
    }
    case "CreateListener": {
      const balancer = String(input["LoadBalancerArn"]);
      const listener = `${balancer.replace(":loadbalancer/", ":listener/")}/1`;
      return [on(balancer, { ...OF_SETUP, ...context }), addTags(listener, context)];
    }
    default:
      return [
        on(String(input["TargetGroupArn"] ?? input["ListenerArn"] ?? input["LoadBalancerArn"]), OF_SETUP),
      ];
  }
}

/** Returns the requests of a call for a security group. */
function securityGroupRequests(action: string, input: Call["input"], on: On): IamRequest[] {
  if (action !== "CreateSecurityGroup") {
    const group = arn("ec2", `security-group/${input["GroupId"]}`);
    return [on(group, action === "DeleteSecurityGroup" ? OF_SETUP : {})];
  }
  const [specification] = input["TagSpecifications"] as { Tags: unknown }[];
  const context = requestTags(specification?.Tags);
  const group = arn("ec2", "security-group/sg-1");
  return [on(group, context), on(arn("ec2", `vpc/${input["VpcId"]}`)), {
    action: "ec2:CreateTags",
    resource: group,
    context: { ...context, "ec2:CreateAction": action },
  }];
}

/** The role in the launch template. */
export const ROLE = "worker";

/** Returns the requests of a launch: for the new instance, for the resources that it uses, and for its tags. */
function launchRequests(
  input: Call["input"],
  on: On,
): IamRequest[] {
  const [specification] = input["TagSpecifications"] as { Tags: { Key: string; Value: string }[] }[];
  const tags = Object.fromEntries((specification?.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
  const tagged = { ...prefixed("RequestTag", tags), "aws:TagKeys": Object.keys(tags) };
  const template = input["LaunchTemplate"] as { LaunchTemplateId?: string } | undefined;
  const from = template === undefined
    ? undefined
    : arn("ec2", `launch-template/${template.LaunchTemplateId ?? "lt-1"}`);
  // EC2 marks each resource that the request does not override.
  const by = (...parameters: readonly string[]): IamRequest["context"] =>
    from === undefined ? {} : {
      "ec2:LaunchTemplate": from,
      "ec2:IsLaunchTemplateResource": String(!parameters.some((name) => name in input)),
    };
  const instance = arn("ec2", "instance/i-0123456789abcdef0");
  const others = [
    ["network-interface/eni-1", "NetworkInterfaces"],
    ["security-group/sg-1", "SecurityGroupIds", "SecurityGroups"],
    ["subnet/subnet-1", "SubnetId"],
    ["volume/vol-1", "BlockDeviceMappings"],
    ["key-pair/ours", "KeyName"],
  ] as const;
  return [
    on(instance, { ...tagged, ...by("InstanceType") }),
    on(arn("ec2", `image/${input["ImageId"] ?? "ami-of-the-template"}`, ""), by("ImageId")),
    ...others.map(([resource, ...parameters]) => on(arn("ec2", resource), by(...parameters))),
    ...(from === undefined ? [] : [
      on(from, by()),
      {
        action: "iam:PassRole",
        resource: `arn:aws:iam::${ACCOUNT_ID}:role/${ROLE}`,
        context: { "iam:PassedToService": "ec2.amazonaws.com" },
      },
    ]),
    {
      action: "ec2:CreateTags",
      resource: instance,
      context: { ...tagged, "ec2:CreateAction": "RunInstances" },
    },
  ];
}
