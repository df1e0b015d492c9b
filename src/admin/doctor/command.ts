/**
 * `kas admin doctor`: checks that a fleet is wired correctly, and proposes a command for each problem.
 *
 * @module
 */
import { balancerRef } from "../../aws/balancing/balancer.ts";
import { connect } from "../../aws/clients.ts";
import { command, type Context, kebab } from "../../cli/command.ts";
import { duration, flag, url } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { ACCOUNT_OPTIONS, fleetSelector } from "../account.ts";
import { runChecks } from "./check.ts";
import { CHECKS } from "./checks/all.ts";
import type { Plan } from "./observation.ts";
import { observe } from "./observe.ts";

/** The flags that a proposed command repeats if they were given to doctor. */
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
    help: "the autoscaler's address as SNS reaches it (default: the subscribed address)",
    parse: url,
  },
  pull: { ...SETTINGS.pull, help: "the autoscaler runs with --pull: no topic, alarms without actions" },
  min: SETTINGS.min,
  max: SETTINGS.max,
  grow: SETTINGS.grow,
  shrink: SETTINGS.shrink,
  timeout: {
    placeholder: "TIME",
    help: "how long to wait for all autoscalers and workers together",
    default: "5s",
    parse: duration,
  },
  problems: { help: "print only warnings and failures", default: "false", parse: flag },
  ...ACCOUNT_OPTIONS,
} as const;

/** The command `kas admin doctor`. */
export const doctor = command({
  name: "doctor",
  summary: "Check the fleet's whole setup, and print a command for each problem",
  description:
    "Checks instances, load balancer, alarms, topic, subscription, security groups, the autoscaler and the workers.\n" +
    "Changes nothing. A result is ok, warning, failed, or skipped (unknown or not applicable). The exit status is 1 if\n" +
    "a check failed. Each problem comes with the command that repairs it.",
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
      onCall: (call) => ahead = call.clockOffset ?? ahead,
    });
    using _progress = out.during("Checking the fleet");
    const answers = await observe({
      aws,
      selector: fleetSelector(flags),
      plan: planOf(context),
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

function planOf({ flags, origins, texts }: Context<typeof OPTIONS>): Plan {
  const given = (names: readonly string[]) =>
    names.filter((name) => origins[name] === "flag").flatMap((
      name,
    ) => [`--${kebab(name)}`, texts[name] ?? ""]);
  const { fleet, topicArn, url, pull, min, max, grow, shrink } = flags;
  return {
    fleet,
    balancer: balancerRef(flags),
    topicArn,
    url,
    pull,
    min,
    max,
    grow,
    shrink,
    kas: (...words) => ["kas", "admin", ...words, ...given(KAS_FLAGS)],
    aws: (...words) => ["aws", ...words, ...given(AWS_FLAGS)],
  };
}
