/**
 * `kas admin iam-policy`: prints the least IAM policy that the autoscaler, or an operator, needs.
 *
 * @module
 */
import { balancerRef } from "../../aws/balancing/balancer.ts";
import { type Command, command, type Group } from "../../cli/command.ts";
import { flag, text } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/table.ts";
import { adminPolicy, arn, autoscalerPolicy, type Policy, type Scope } from "./policies.ts";

function accountId(value: string): string {
  if (/^(\d{12}|\*)$/.test(value)) return value;
  throw new TypeError("expected an account's id of 12 digits, or *");
}

const SCOPE = {
  account: {
    placeholder: "ID",
    help: "the account; by default the ARNs' given, else any",
    parse: accountId,
  },
  fleet: SETTINGS.fleet,
  loadBalancer: SETTINGS.loadBalancer,
  targetGroup: SETTINGS.targetGroup,
  topicArn: SETTINGS.topicArn,
  region: SETTINGS.region,
  pull: { ...SETTINGS.pull, help: "for an autoscaler with --pull: nothing of SNS", parse: flag },
  instanceRole: {
    placeholder: "NAME",
    help: "the IAM role of instances that are launched, which takes iam:PassRole",
    parse: text,
  },
} as const;

const GROWING = { grow: SETTINGS.grow, shrink: SETTINGS.shrink } as const;

/** What the flags say; region and account are those of the ARNs where nothing else names them. */
function scopeOf(
  flags: {
    readonly account: string | undefined;
    readonly region: string | undefined;
    readonly fleet: string;
    readonly loadBalancer: string | undefined;
    readonly targetGroup: string | undefined;
    readonly topicArn: string | undefined;
    readonly pull: boolean;
    readonly instanceRole: string | undefined;
  } & Partial<Pick<Scope, "grow" | "shrink">>,
): Scope {
  const { fleet, topicArn, pull, instanceRole, grow, shrink = "stop" } = flags;
  const [, , , regionGiven, accountGiven] = (flags.topicArn ?? flags.targetGroup ?? "").split(":");
  const region = flags.region ?? regionGiven ?? "*";
  const account = flags.account ?? accountGiven ?? "*";
  return {
    region,
    account,
    fleet,
    balancer: balancerRef(flags),
    topicArn: pull ? undefined : topicArn ?? arn({ region, account }, "sns", fleet),
    grow,
    shrink,
    instanceRole,
  };
}

function printed(policy: Policy): string {
  return JSON.stringify(policy, null, 2);
}

const DESCRIPTION =
  "JSON, to be attached to a role or user. It tells the fleet's instances by their tag kas:fleet.";

const autoscaler: Command = command({
  name: "autoscaler",
  summary: "Print the least IAM policy for kas autoscaler",
  description:
    `${DESCRIPTION}\n--grow and --shrink as the autoscaler is given them: what they take is left out without them.`,
  options: { ...SCOPE, ...GROWING },
  examples: ["admin iam-policy autoscaler --region eu-west-1 --account 123456789012 > autoscaler.json"],
  run: ({ flags, out }) => out.line(printed(autoscalerPolicy(scopeOf(flags)))),
});

const admin: Command = command({
  name: "admin",
  summary: "Print the least IAM policy for kas admin",
  description: DESCRIPTION,
  options: SCOPE,
  examples: ["admin iam-policy admin --region eu-west-1 --account 123456789012 > admin.json"],
  run: ({ flags, out }) => out.line(printed(adminPolicy(scopeOf(flags)))),
});

/** `kas admin iam-policy`. */
export const iamPolicy: Group = {
  name: "iam-policy",
  summary: "The least IAM policy for the autoscaler or an operator",
  commands: [autoscaler, admin],
};
