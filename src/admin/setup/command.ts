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
    "Creates only what does not exist. Run this command again after you have added instances, or after an interruption.\n" +
    "If you use --target-group, the target group must exist. kas sets its health check to /ping of the workers. kas sets the\n" +
    "draining timeout of the load balancer to less than --drain-timeout. kas enables detailed monitoring of the instances,\n" +
    "which the default --period of the alarms needs. If you use --monitoring basic, also use --period 300.",
  options: {
    url: {
      placeholder: "URL",
      help: "subscribe the autoscaler at this URL, at which SNS can reach it",
      parse: url,
    },
    timeout: {
      placeholder: "TIME",
      help: "how long to wait until the autoscaler has confirmed the subscription",
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
        // If the operator does not give one of these flags, an existing alarm keeps its value.
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
          : ["URL", " (at which SNS reaches the autoscaler)"];
        const run = commandText(["kas", "autoscaler", "--topic-arn", topic]);
        const subscribe = commandText(["kas", "admin", "setup", "--url", url]);
        out.hint(`Next: ${run} in another shell, then ${subscribe}${where} to subscribe it`);
      }
    });
  },
});

/** Returns whether the AWS endpoint is on this machine, as that of the sandbox is. */
function isLocal(endpointUrl: string | undefined): boolean {
  return endpointUrl !== undefined && /^(localhost|127\..*)$/.test(new URL(endpointUrl).hostname);
}

function isNeeded({ action }: SetupStep): boolean {
  return action !== "unchanged";
}

function actionRow({ resource, name, action }: SetupStep): Row {
  return { action: `${action} ${resource} ${name}` };
}
