/**
 * `kas admin doctor`: checks the whole wiring of a fleet, and says for each thing that is broken what mends it.
 *
 * @module
 */
import { balancerRef } from "../../aws/balancing/balancer.ts";
import { connect } from "../../aws/clients.ts";
import { command, type Context, kebab } from "../../cli/command.ts";
import { duration, flag, url } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/table.ts";
import { ACCOUNT, selector } from "../account.ts";
import { examine } from "./check.ts";
import { CHECKS } from "./checks.ts";
import type { Plan } from "./facts.ts";
import { gather } from "./gather.ts";

/** Flags that the commands which mend something have to be given as well. */
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
    help: "the autoscaler, as SNS reaches it; by default where the topic's messages go",
    parse: url,
  },
  pull: { ...SETTINGS.pull, help: "for an autoscaler with --pull: no topic, alarms that notify nobody" },
  min: SETTINGS.min,
  max: SETTINGS.max,
  grow: SETTINGS.grow,
  shrink: SETTINGS.shrink,
  timeout: {
    placeholder: "TIME",
    help: "longest wait for autoscalers and workers, all of them together",
    default: "5s",
    parse: duration,
  },
  problems: { help: "only what is not ok", default: "false", parse: flag },
  ...ACCOUNT,
} as const;

/** `kas admin doctor`. */
export const doctor = command({
  name: "doctor",
  summary: "Check the whole wiring, and say what mends what is broken",
  description:
    "Looks at the fleet, its load balancer, alarms, topic, subscription and security groups, and asks the autoscaler and\n" +
    "the workers. Changes nothing. The result is ok, warning, failed, or skipped where something can't be told or does\n" +
    "not apply; exit status 1 if anything failed. What is wrong comes with the command that mends it.",
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
    using _looking = out.during("Looking at the fleet");
    const gathered = await gather({
      aws,
      selector: selector(flags),
      plan: planOf(context),
      timeout: flags.timeout,
      signal,
    });
    const rows = examine(CHECKS, { ...gathered, ahead });
    const shown = flags.problems
      ? rows.filter(({ result }) => result === "warning" || result === "failed")
      : rows;
    await out.table(["check", "result", "detail"], shown);
    return rows.some(({ result }) => result === "failed") ? 1 : 0;
  },
});

function planOf({ flags, origins, texts }: Context<typeof OPTIONS>): Plan {
  const given = (names: readonly string[]) =>
    names.filter((name) => origins[name] === "flag").map((name) => ` --${kebab(name)} ${texts[name]}`).join(
      "",
    );
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
    kas: (words) => `kas admin ${words}${given(KAS_FLAGS)}`,
    aws: (words) => `aws ${words}${given(AWS_FLAGS)}`,
  };
}
