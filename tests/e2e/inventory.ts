/**
 * What an account has, as the AWS CLI lists it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { execute } from "../support/kas.ts";

/** Runs the AWS CLI, and returns its JSON. Undefined if it prints nothing, as put-metric-data does. */
export async function awsCli(words: string, env: Readonly<Record<string, string>>): Promise<unknown> {
  const { code, stdout, stderr } = await execute(["aws", ...words.split(" "), "--output", "json"], env);
  assertEquals(code, 0, `${words}: ${stderr}`);
  return stdout === "" ? undefined : JSON.parse(stdout);
}

/** What the AWS CLI lists in the account, without terminated instances. */
export async function inventory(env: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  const LISTS = {
    loadBalancers: "elbv2 describe-load-balancers --query LoadBalancers",
    targetGroups: "elbv2 describe-target-groups --query TargetGroups",
    classic: "elb describe-load-balancers --query LoadBalancerDescriptions",
    securityGroups: "ec2 describe-security-groups --query SecurityGroups",
    alarms: "cloudwatch describe-alarms --query MetricAlarms",
    topics: "sns list-topics --query Topics",
    subscriptions: "sns list-subscriptions --query Subscriptions",
    instances:
      "ec2 describe-instances --filters Name=instance-state-name,Values=pending,running,stopping,stopped " +
      "--query Reservations",
  };
  const entries = Object.entries(LISTS).map(async ([name, words]) => {
    return [name, await awsCli(words, env)];
  });
  return Object.fromEntries(await Promise.all(entries));
}
