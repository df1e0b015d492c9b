/**
 * `kas admin alarms set`: creates and updates alarms.
 *
 * @module
 */
import { type AlarmPlan, fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import { partsOf, titleOf } from "../../aws/balancing/balancer.ts";
import { command, ExitError, UsageError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { flag, positive, text } from "../../cli/parsers.ts";
import { alarmName } from "../../scaling/model/alarm.ts";
import { ACCOUNT_OPTIONS, fleetMember, fleetTopic, instancesById, withAws } from "../account.ts";
import { existingBalancer, fleetsBalancer, namedBalancer } from "../balancers/lookup.ts";
import { forEachTarget } from "../instances/targets.ts";
import { ALARM_OPTIONS } from "./options.ts";
import { type AlarmSettings, cpuAlarms, ensureAlarm, neededChange } from "./plans.ts";

export const set = command({
  name: "set",
  summary: "Create or update CPU alarms of instances, or the request alarm of a load balancer",
  description:
    "With ID… or --all, creates the two CPU alarms of each instance. With --requests, creates an alarm on the number of\n" +
    "requests to the fleet's load balancer or --target-group. For a Network Load Balancer, the alarm counts the new\n" +
    "connections to all target groups of the load balancer.",
  args: "[ID…]",
  options: {
    all: { help: "create the CPU alarms of every instance of the fleet", default: "false", parse: flag },
    ...ALARM_OPTIONS,
    requests: { placeholder: "N", help: "scale out at N or more requests per period", parse: positive },
    requestsOf: {
      placeholder: "NAME",
      help: "load balancer whose requests the alarm of --requests counts (default: the fleet's)",
      parse: text,
    },
    ...ACCOUNT_OPTIONS,
  },
  examples: ["admin alarms set --all --cpu 42:80", "admin alarms set --requests 600"],
  run: (context) => {
    const { flags, args, origins, signal } = context;
    const { all, requestsOf, cpu, requests: threshold } = flags;
    if (requestsOf !== undefined && threshold === undefined) {
      throw new UsageError("Option --requests-of NAME needs --requests N");
    }
    if ([args.length > 0, all, threshold !== undefined].filter(Boolean).length !== 1) {
      throw new UsageError("kas admin alarms set needs either ID…, --all, or --requests N");
    }
    if (threshold !== undefined && origins["cpu"] === "flag") {
      throw new UsageError(
        "--cpu and --requests exclude each other: --cpu is only for the alarms of instances",
      );
    }
    return withAws(context, async (aws) => {
      const topicArn = flags.pull ? undefined : await fleetTopic(aws, flags);
      const { fleet, period, evaluations } = flags;
      const settings: AlarmSettings = { fleet, period, evaluations, topicArn };
      const existing = new Map((await fleetAlarms(aws, fleet, signal)).map((alarm) => [alarm.name, alarm]));
      const instances = await instancesById(aws, flags, signal);
      const requestTarget = requestsOf === undefined
        ? await fleetsBalancer(aws, flags, signal)
        : await namedBalancer(aws, requestsOf, flags, signal);
      // Each target group has a metric of its own.
      const requestTargets = partsOf(requestTarget);
      const plansOf = async (target: string): Promise<AlarmPlan[]> => {
        if (threshold === undefined) {
          return cpuAlarms(settings, fleetMember(instances, target, flags).id, cpu);
        }
        const part = requestTargets.find(({ name }) => name === target) ?? requestTarget;
        const { requests } = await existingBalancer(aws, part, signal);
        if (requests === undefined) {
          throw new ExitError(
            `Cannot count the requests to ${titleOf(part)}: no load balancer forwards to it`,
            1,
            "aws elbv2 create-listener",
          );
        }
        return [{ ...settings, kind: "reqcount", dimension: part.name, threshold, requests }];
      };
      const targets = threshold !== undefined
        ? requestTargets.map(({ name }) => name)
        : all
        ? [...instances.keys()]
        : args;
      return await forEachTarget(context, ["name", "action"], targets, async (target) => {
        const plans = await plansOf(target);
        return {
          actions: plans.map((plan) => {
            const name = alarmName(plan);
            return `${neededChange(plan, existing.get(name)) ?? "leave"} alarm ${name}`;
          }),
          apply: async () => {
            const rows: Row[] = [];
            for (const plan of plans) {
              const name = alarmName(plan);
              rows.push({ name, action: await ensureAlarm(aws, plan, existing.get(name)) });
            }
            return rows;
          },
        };
      });
    });
  },
});
