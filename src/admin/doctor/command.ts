/**
 * `kas admin doctor`: checks that a fleet is set up correctly, and prints a command that repairs each problem.
 *
 * @module
 */
import { type BalancerRef, balancerRef } from "../../aws/balancing/balancer.ts";
import { type Aws, connect } from "../../aws/clients.ts";
import { command, type Context, kebab, UsageError } from "../../cli/command.ts";
import { duration, flag, url } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { ACCOUNT_OPTIONS, fleetSelector, PATIENCE } from "../account.ts";
import { fleetsBalancer } from "../balancers/lookup.ts";
import { CHECK_OPTIONS } from "../instances/service_checks.ts";
import { runChecks } from "./check.ts";
import { CHECKS } from "./checks/all.ts";
import type { Plan } from "./observation.ts";
import { observe } from "./observe.ts";

/** Flags of doctor that doctor adds to a `kas` command that it prints, if the operator gave them. */
const KAS_FLAGS = [
  "fleet",
  "keyName",
  "loadBalancer",
  "targetGroup",
  "topicArn",
  "region",
  "profile",
  "endpointUrl",
] as const;
const AWS_FLAGS = ["region", "profile", "endpointUrl"] as const;

const OPTIONS = {
  url: {
    placeholder: "URL",
    help: "URL at which SNS reaches the autoscaler (default: the subscribed URL)",
    parse: url,
  },
  pull: {
    ...SETTINGS.pull,
    help: "for an autoscaler that runs with --pull: there is no topic, and the alarms have no actions",
  },
  min: SETTINGS.min,
  max: SETTINGS.max,
  schedules: SETTINGS.schedules,
  policies: SETTINGS.policies,
  metrics: SETTINGS.metrics,
  scrape: SETTINGS.scrape,
  grow: SETTINGS.grow,
  shrink: SETTINGS.shrink,
  ...CHECK_OPTIONS,
  timeout: {
    placeholder: "TIME",
    help: "how long to wait for the answers of autoscalers and services",
    default: "5s",
    parse: duration,
  },
  problems: { help: "print only warnings and failures", default: "false", parse: flag },
  ...ACCOUNT_OPTIONS,
} as const;

/** The command `kas admin doctor`. */
export const doctor = command({
  name: "doctor",
  summary: "Check the fleet's whole setup, and print a command that repairs each problem",
  description:
    "Checks the instances, load balancer, alarms, topic, subscription, security groups, autoscaler and service of the fleet.\n" +
    "Changes nothing. RESULT is ok, warning, failed, or skipped. Skipped means that the check does not apply, or that its\n" +
    "result is unknown. The exit status is 1 if a check failed.",
  options: OPTIONS,
  examples: ["admin doctor", "admin doctor --url http://203.0.113.7:10000/ --problems"],
  run: async (context) => {
    const { flags, out, signal } = context;
    const { region, profile, endpointUrl } = flags;
    let ahead: number | undefined;
    using aws = connect({
      region,
      profile,
      endpointUrl,
      patience: PATIENCE,
      signal,
      onCall: (call) => ahead = call.clockOffset ?? ahead,
    });
    using _progress = out.during("Checking the fleet");
    const answers = await observe({
      aws,
      selector: fleetSelector(flags),
      plan: { ...planOf(context), balancer: await balancerOf(aws, context) },
      timeout: flags.timeout,
      signal,
    });
    const rows = runChecks(CHECKS, { ...answers, ahead });
    const shown = flags.problems
      ? rows.filter(({ result }) => result === "warning" || result === "failed")
      : rows;
    await out.table(["check", "result", "detail"], shown);
    return rows.some(({ result }) => result === "failed") ? 1 : 0;
  },
});

/** Returns the fleet's load balancer. If AWS does not answer, the checks say so, and this function does not throw. */
async function balancerOf(aws: Aws, { flags, signal }: Context<typeof OPTIONS>): Promise<BalancerRef> {
  try {
    return await fleetsBalancer(aws, flags, signal);
  } catch (error) {
    if (signal.aborted || error instanceof UsageError) throw error;
    return balancerRef(flags);
  }
}

function planOf({ flags, origins, texts }: Context<typeof OPTIONS>): Omit<Plan, "balancer"> {
  const given = (names: readonly string[]) =>
    names.filter((name) => origins[name] === "flag").flatMap((
      name,
    ) => [`--${kebab(name)}`, texts[name] ?? ""]);
  const { fleet, topicArn, url, pull, min, max, schedules, policies, metrics, scrape, grow, shrink } = flags;
  return {
    fleet,
    healthCheck: flags.healthCheck,
    address: flags.address,
    topicArn,
    url,
    pull,
    min,
    max,
    schedules,
    policies,
    metrics,
    scrape,
    grow,
    shrink,
    kas: (...words) => ["kas", "admin", ...words, ...given(KAS_FLAGS)],
    aws: (...words) => ["aws", ...words, ...given(AWS_FLAGS)],
  };
}
