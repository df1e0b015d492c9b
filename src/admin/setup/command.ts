/**
 * `kas admin setup`: creates the AWS resources that a fleet needs.
 *
 * @module
 */
import { balancerRef } from "../../aws/balancing/balancer.ts";
import { commandText } from "../../cli/command_line.ts";
import { command, UsageError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { duration, url } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { ACCOUNT_OPTIONS, withAws } from "../account.ts";
import { ALARM_OPTIONS } from "../alarms/options.ts";
import { MONITORING } from "../instances/monitoring_option.ts";
import { printActions } from "../instances/targets.ts";
import { setUp } from "./set_up.ts";
import type { SetupPlan, SetupStep } from "./steps.ts";

/** The command `kas admin setup`. */
export const setup = command({
  name: "setup",
  summary: "Create the fleet's topic, load balancer, alarms, and with --url the autoscaler's subscription",
  description:
    "Existing resources stay unchanged, so run it again after you add instances, or after an interruption. A\n" +
    "--target-group has to exist. Its health check is set to /ping of the workers. The load balancer's draining is set to\n" +
    "less than --drain-timeout, and instances get detailed monitoring, which the default period of the alarms needs.\n" +
    "With --monitoring basic give --period 300.",
  options: {
    url: {
      placeholder: "URL",
      help: "the autoscaler's address as SNS reaches it",
      parse: url,
    },
    timeout: {
      placeholder: "TIME",
      help: "how long to wait until the subscription is confirmed",
      default: "120s",
      parse: duration,
    },
    drainTimeout: SETTINGS.drainTimeout,
    monitoring: MONITORING,
    ...ALARM_OPTIONS,
    ...ACCOUNT_OPTIONS,
  },
  examples: ["admin setup --url http://203.0.113.7:10000/", "admin setup --pull"],
  run: (context) => {
    if (context.flags.pull && context.flags.url !== undefined) {
      throw new UsageError(
        "--pull and --url exclude each other: an autoscaler that polls has no subscription",
      );
    }
    return withAws(context, async (aws) => {
      const { flags, origins, out, signal } = context;
      const { dryRun, cpu, period, evaluations } = flags;
      let current = "reading the fleet";
      const plan: SetupPlan = {
        ...flags,
        balancer: balancerRef(flags),
        confirmTimeout: flags.timeout,
        onProgress: (text) => out.progress(current = text),
        // Without these flags an existing alarm keeps its settings.
        cpu: origins["cpu"] === "flag" ? cpu : undefined,
        period: origins["period"] === "flag" ? period : undefined,
        evaluations: origins["evaluations"] === "flag" ? evaluations : undefined,
      };
      const steps: SetupStep[] = [];
      let topic: string | undefined;
      try {
        topic = await setUp(aws, plan, (step) => void steps.push(step), signal);
      } catch (error) {
        if (signal.aborted) out.error(`Interrupted; not completed: ${current}, and the steps after it`);
        throw error;
      } finally {
        // Print the completed steps even after a failure.
        if (!dryRun) await out.table(["resource", "name", "action"], steps);
        else await printActions(out, steps.filter(isNeeded).map(actionRow));
      }
      if (topic !== undefined && flags.url === undefined && !dryRun) {
        const [url, where] = isLocal(flags.endpointUrl)
          ? ["http://127.0.0.1:10001", ""]
          : ["URL", " (where SNS reaches it)"];
        const run = commandText(["kas", "autoscaler", "--topic-arn", topic]);
        const subscribe = commandText(["kas", "admin", "setup", "--url", url]);
        out.hint(`Next: ${run} in another shell, then ${subscribe}${where} to subscribe it`);
      }
    });
  },
});

/** Whether AWS is simulated on this machine. */
function isLocal(endpointUrl: string | undefined): boolean {
  return endpointUrl !== undefined && /^(localhost|127\..*)$/.test(new URL(endpointUrl).hostname);
}

function isNeeded({ action }: SetupStep): boolean {
  return action !== "unchanged";
}

function actionRow({ resource, name, action }: SetupStep): Row {
  return { action: `${action} ${resource} ${name}` };
}
