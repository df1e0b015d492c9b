/**
 * `kas admin setup`: creates the AWS resources that a fleet needs.
 *
 * @module
 */
import { commandText } from "../../cli/command_line.ts";
import { command, type Origin, UsageError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { duration, url } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { ACCOUNT_OPTIONS, withAws } from "../account.ts";
import { ALARM_OPTIONS } from "../alarms/options.ts";
import { MONITORING } from "../instances/monitoring_option.ts";
import { printActions } from "../instances/targets.ts";
import { chooseBalancer } from "./balancer/choice.ts";
import { BALANCER_OPTIONS } from "./balancer/options.ts";
import { type SetUp, setUp } from "./set_up.ts";
import type { SetupPlan, SetupStep } from "./steps.ts";

/** The command `kas admin setup`. */
export const setup = command({
  name: "setup",
  summary: "Create the fleet's topic, load balancer, alarms, and with --url the autoscaler's subscription",
  description:
    "Creates only what does not exist, and asks nothing: --dry-run prints the plan. Run this command again after you have added\n" +
    "instances, or after an interruption. With --balancer application or network, kas creates the load balancer, its listeners,\n" +
    "its target group and its security group, and admits the load balancer to the instances. They get the tags\n" +
    "kas:created-by=setup and kas:fleet=NAME: kas admin teardown deletes what has these tags. With --target-group of your own,\n" +
    "kas keeps its health check unless you give --health-check. kas makes the load balancer drain for less than --drain-timeout.\n" +
    "kas enables detailed monitoring of the instances, which the default --period of the alarms needs. If you use\n" +
    "--monitoring basic, also use --period 300.",
  options: {
    ...BALANCER_OPTIONS,
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
  examples: [
    "admin setup --balancer application --listen http:80 --forward 8080 --health-check /healthz",
    "admin setup --balancer network --listen tcp:5432 --forward 5432",
    "admin setup --balancer classic --url http://203.0.113.7:10000/",
    "admin setup --balancer none --pull",
  ],
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
        balancer: await chooseBalancer(aws, flags, origins["loadBalancer"] === "flag", signal),
        confirmTimeout: flags.timeout,
        onProgress: (text) => out.progress(current = text),
        onNote: (sentence) => out.note(`${sentence}.`),
        // If the operator does not give one of these flags, an existing alarm keeps its value.
        cpu: origins["cpu"] === "flag" ? cpu : undefined,
        period: origins["period"] === "flag" ? period : undefined,
        evaluations: origins["evaluations"] === "flag" ? evaluations : undefined,
      };
      const steps: SetupStep[] = [];
      let done: SetUp | undefined;
      try {
        done = await setUp(aws, plan, (step) => void steps.push(step), signal);
      } catch (error) {
        if (signal.aborted) out.error(`Interrupted; not completed: ${current}, and the steps after it`);
        throw error;
      } finally {
        // Print the completed steps even after a failure.
        if (dryRun) await printActions(out, steps.filter(isNeeded).map(actionRow));
        else if (done !== undefined || steps.length > 0) await out.table(...tableOf(plan, steps, done));
      }
      if (dryRun) return;
      if (flags.monitoring === "detailed" && steps.some(isNewAlarm)) out.hint(ADAPTIVE);
      if (flags.url !== undefined) return;
      const setting = settingFor(plan, done, origins);
      if (setting !== undefined) out.note(setting);
      if (done.topic !== undefined) out.hint(nextStep(done.topic, flags.endpointUrl));
    });
  },
});

/** Returns the columns and the rows of the completed steps. For a load balancer that setup creates, the target group has its ARN. */
function tableOf(
  { balancer }: SetupPlan,
  steps: readonly SetupStep[],
  done: SetUp | undefined,
): [columns: readonly string[], rows: readonly Row[]] {
  const columns = ["resource", "name", "action"];
  if (balancer.kind !== "made") return [columns, steps];
  const arn = done?.balancer?.kind === "target-groups" ? done.balancer.arns[0] : undefined;
  return [
    [...columns, "arn"],
    steps.map((step) => ({ ...step, arn: step.resource === "target-group" ? arn : undefined })),
  ];
}

/** Returns which setting names the load balancer, and where kas needs it. Undefined if kas finds the load balancer without a setting. */
function settingFor(
  { balancer: choice }: SetupPlan,
  { balancer }: SetUp,
  origins: Readonly<Record<string, Origin>>,
): string | undefined {
  if (choice.kind === "made" && balancer?.kind === "target-groups" && origins["targetGroup"] === "default") {
    return `In the autoscaler's shell or on its host: export KAS_TARGET_GROUP=${balancer.arns.join(",")}`;
  }
  return choice.kind === "none" && origins["balancer"] === "flag"
    ? "In each shell and on each host where you run kas: export KAS_BALANCER=none"
    : undefined;
}

/** Returns what the operator does after a setup without `--url`. */
function nextStep(topic: string, endpointUrl: string | undefined): string {
  const [url, where] = isLocal(endpointUrl)
    ? ["http://127.0.0.1:10001", ""]
    : ["URL", " (at which SNS reaches the autoscaler)"];
  const run = commandText(["kas", "autoscaler", "--topic-arn", topic]);
  const subscribe = commandText(["kas", "admin", "setup", "--url", url]);
  return `Next: ${run} in another shell, then ${subscribe}${where} to subscribe it`;
}

/** Returns whether the AWS endpoint is on this machine, as that of the sandbox is. */
function isLocal(endpointUrl: string | undefined): boolean {
  return endpointUrl !== undefined && /^(localhost|127\..*)$/.test(new URL(endpointUrl).hostname);
}

/** The offer of the policy `adaptive`. It reads the CPU of each minute, so it needs detailed monitoring. */
const ADAPTIVE =
  "The autoscaler follows these alarms. With kas autoscaler --policies adaptive it learns the fleet's load instead, and the capacity " +
  "may be short 1.5 % of the time. If the instances run node_exporter, add --scrape http:9100/metrics: it then reacts within seconds";

function isNewAlarm({ resource, action }: SetupStep): boolean {
  return resource === "alarm" && action === "created";
}

function isNeeded({ action }: SetupStep): boolean {
  return action !== "unchanged";
}

function actionRow({ resource, name, action, detail }: SetupStep): Row {
  return { action: `${action} ${resource} ${name}${detail === undefined ? "" : ` (${detail})`}` };
}
