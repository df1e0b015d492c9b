/**
 * `kas admin iam-policy`: prints the minimal IAM policy of the autoscaler or of an operator.
 *
 * @module
 */
import { balancerRef } from "../../aws/balancing/balancer.ts";
import { type Command, command, type Group, type Values } from "../../cli/command.ts";
import { flag, text } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { adminPolicy } from "./admin_policy.ts";
import { autoscalerPolicy } from "./autoscaler_policy.ts";
import { arn, type Policy, type Scope } from "./policy.ts";

function accountId(value: string): string {
  if (/^(\d{12}|\*)$/.test(value)) return value;
  throw new TypeError("expected an account id of 12 digits, or *");
}

const SCOPE_OPTIONS = {
  account: {
    placeholder: "ID",
    help: "account id (default: the account in --topic-arn or --target-group, else any account)",
    parse: accountId,
  },
  fleet: SETTINGS.fleet,
  balancer: SETTINGS.balancer,
  loadBalancer: SETTINGS.loadBalancer,
  targetGroup: SETTINGS.targetGroup,
  topicArn: SETTINGS.topicArn,
  region: SETTINGS.region,
  pull: {
    ...SETTINGS.pull,
    help: "for an autoscaler that runs with --pull: the policy has no permissions for SNS",
    parse: flag,
  },
  instanceRole: {
    placeholder: "NAME",
    help: "IAM role of launched instances; the policy then allows iam:PassRole for this role",
    parse: text,
  },
  metrics: SETTINGS.metrics,
} as const;

const AUTOSCALER_OPTIONS = { ...SCOPE_OPTIONS, grow: SETTINGS.grow, shrink: SETTINGS.shrink } as const;

/**
 * Returns the scope that the flags describe. Without `--region` or `--account`, an ARN in the flags gives the region and account.
 */
function scopeOf(
  flags: Values<typeof SCOPE_OPTIONS> & Partial<Pick<Scope, "grow" | "shrink">>,
): Scope {
  const { fleet, topicArn, pull, instanceRole, metrics, grow, shrink = "stop" } = flags;
  const [, , , arnRegion, arnAccount] = (flags.topicArn ?? flags.targetGroup[0] ?? "").split(":");
  const region = flags.region ?? arnRegion ?? "*";
  const account = flags.account ?? arnAccount ?? "*";
  const { balancer, targetGroup: arns } = flags;
  const makes = balancer === "application" || balancer === "network" ? balancer : undefined;
  // Before setup has created the target group, its ARN is unknown. Its name is the fleet's.
  const made = arn({ region, account }, "elasticloadbalancing", `targetgroup/${fleet}/*`);
  return {
    region,
    account,
    fleet,
    balancer: balancerRef(makes && arns.length === 0 ? { ...flags, targetGroup: [made] } : flags),
    makes,
    topicArn: pull ? undefined : topicArn ?? arn({ region, account }, "sns", fleet),
    grow,
    shrink,
    instanceRole,
    metrics,
  };
}

function print(policy: Policy): string {
  return JSON.stringify(policy, null, 2);
}

const DESCRIPTION =
  "Prints the policy as JSON, which you can attach to an IAM role or user. In the policy, the tag kas:fleet identifies the\n" +
  "fleet's instances.";

const autoscaler: Command = command({
  name: "autoscaler",
  summary: "Print the minimal IAM policy of kas autoscaler",
  description:
    `${DESCRIPTION}\nGive --grow and --shrink as you give them to the autoscaler, because they add permissions.`,
  options: AUTOSCALER_OPTIONS,
  examples: ["admin iam-policy autoscaler --region eu-west-1 --account 123456789012 > autoscaler.json"],
  run: ({ flags, out }) => out.text(print(autoscalerPolicy(scopeOf(flags)))),
});

const admin: Command = command({
  name: "admin",
  summary: "Print the minimal IAM policy of kas admin",
  description:
    `${DESCRIPTION}\nWith --balancer application or network, the policy allows kas admin setup to create the load balancer.`,
  options: SCOPE_OPTIONS,
  examples: [
    "admin iam-policy admin --region eu-west-1 --account 123456789012 > admin.json",
    "admin iam-policy admin --balancer application --region eu-west-1 --account 123456789012 > admin.json",
  ],
  run: ({ flags, out }) => out.text(print(adminPolicy(scopeOf(flags)))),
});

/** The command `kas admin iam-policy`. */
export const iamPolicy: Group = {
  name: "iam-policy",
  summary: "Print the minimal IAM policy for the autoscaler or an operator",
  commands: [autoscaler, admin],
};
