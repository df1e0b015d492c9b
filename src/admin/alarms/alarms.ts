/**
 * `kas admin alarms`: the fleet's CloudWatch alarms.
 *
 * @module
 */
import {
  type AlarmDetail,
  type AlarmPlan,
  deleteAlarms,
  fleetAlarms,
  setAlarmState,
} from "../../aws/cloudwatch/alarms.ts";
import { balancerRef, titleOf } from "../../aws/balancing/balancer.ts";
import { command, ExitError, type Group, UsageError } from "../../cli/command.ts";
import { didYouMean } from "../../cli/nearest.ts";
import type { Row } from "../../cli/output.ts";
import { alarmName, type AlarmState } from "../../scaling/model/alarm.ts";
import { flag, integer, positive, text } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/table.ts";
import { ACCOUNT, connected, fleetById, fleetTopic, lastPart, member } from "../account.ts";
import { existingBalancer, namedBalancer } from "../balancers/balancers.ts";
import { cpuAlarms, cpuThresholds, ensureAlarm, needed, period, type Watch } from "./alarm_plans.ts";
import { forEachTarget } from "../instances/targets.ts";

const list = command({
  name: "list",
  summary: "The fleet's alarms and their states",
  options: ACCOUNT,
  run: (context) =>
    connected(context, async (aws) => {
      const { flags, out, signal } = context;
      const found = await fleetAlarms(aws, flags.fleet, signal);
      await out.table(
        ["kind", "name", "metric", "period", "dimension", "state", "topic"],
        found.map(alarmRow),
        // An alarm's name holds both of the first two.
        ["dimension", "kind", "topic", "period"],
      );
    }),
});

/** As they are written. Source: CloudWatch API, PutMetricAlarm, ComparisonOperator. */
const OPERATORS: Record<string, string> = {
  GreaterThanOrEqualToThreshold: ">=",
  GreaterThanThreshold: ">",
  LessThanOrEqualToThreshold: "<=",
  LessThanThreshold: "<",
};

function alarmRow(alarm: AlarmDetail): Row {
  const { kind, name, metric, statistic, comparison, threshold, period, dimension, state } = alarm;
  const [topic] = [...alarm.alarmActions, ...alarm.okActions];
  return {
    kind,
    name,
    metric: `${metric.name}(${statistic})${OPERATORS[comparison] ?? comparison}${threshold}`,
    period,
    dimension,
    state,
    topic: topic && lastPart(topic),
  };
}

/** The options of how an alarm watches, which `kas admin setup` takes too. */
export const WATCH = {
  cpu: {
    placeholder: "LOW:HIGH",
    help: "CPU below which an instance asks for less, and from which for more, in percent",
    default: "42:80",
    parse: cpuThresholds,
  },
  period: { placeholder: "S", help: "period of the metric, in seconds", default: "60", parse: period },
  evaluations: {
    placeholder: "N",
    help: "periods in a row before the alarm changes",
    default: "1",
    parse: integer(1, 1_440),
  },
  pull: {
    ...SETTINGS.pull,
    help: "for an autoscaler with --pull: without a topic, alarms that notify nobody",
  },
} as const;

const set = command({
  name: "set",
  summary: "Create or update the alarms of instances, or of a load balancer's requests",
  description:
    "Name instances, or --all of the fleet, for their CPU; or --requests for the count of the fleet's load balancer or\n" +
    "--target-group. A Network Load Balancer sees no requests: it counts new connections, of all its groups together.",
  args: "[ID…]",
  options: {
    all: { help: "every instance of the fleet", default: "false", parse: flag },
    ...WATCH,
    requests: { placeholder: "N", help: "requests a period from which more is asked for", parse: positive },
    balancer: { placeholder: "NAME", help: "whose requests: by default the fleet's", parse: text },
    ...ACCOUNT,
  },
  examples: ["admin alarms set --all --cpu 42:80", "admin alarms set --requests 600"],
  run: (context) => {
    const { flags, args, origins, signal } = context;
    const { all, balancer, cpu, requests: threshold } = flags;
    if (balancer !== undefined && threshold === undefined) {
      throw new UsageError("Option --balancer NAME needs --requests N");
    }
    if ([args.length > 0, all, threshold !== undefined].filter(Boolean).length !== 1) {
      throw new UsageError("kas admin alarms set needs either ID…, --all, or --requests N");
    }
    if (threshold !== undefined && origins["cpu"] === "flag") {
      throw new UsageError("Option --cpu is for instances, --requests for load balancers");
    }
    return connected(context, async (aws) => {
      const topicArn = flags.pull ? undefined : await fleetTopic(aws, flags);
      const watch: Watch = {
        fleet: flags.fleet,
        period: flags.period,
        evaluations: flags.evaluations,
        topicArn,
      };
      const existing = new Map(
        (await fleetAlarms(aws, flags.fleet, signal)).map((alarm) => [alarm.name, alarm]),
      );
      const fleet = await fleetById(aws, flags, signal);
      const counted = balancer === undefined ? balancerRef(flags) : namedBalancer(balancer, flags);
      const plans = async (target: string): Promise<AlarmPlan[]> => {
        if (threshold === undefined) return cpuAlarms(watch, member(fleet, target, flags).id, cpu);
        const { requests } = await existingBalancer(aws, counted, signal);
        if (requests === undefined) {
          throw new ExitError(
            `No load balancer sends to ${titleOf(counted)}, whose requests it would count`,
            1,
            "aws elbv2 create-listener",
          );
        }
        return [{ ...watch, kind: "reqcount", dimension: counted.name, threshold, requests }];
      };
      const targets = threshold !== undefined ? [counted.name] : all ? [...fleet.keys()] : args;
      return await forEachTarget(context, ["name", "action"], targets, async (target) => {
        const wanted = await plans(target);
        return {
          actions: wanted.map((plan) => {
            const name = alarmName(plan);
            return `${needed(plan, existing.get(name)) ?? "leave"} alarm ${name}`;
          }),
          apply: async () => {
            const rows: Row[] = [];
            for (const plan of wanted) {
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

const remove = command({
  name: "delete",
  summary: "Delete alarms, by name or all of an instance's",
  args: "[NAME…]",
  options: {
    instance: { placeholder: "ID", help: "every alarm of this instance", parse: text },
    ...ACCOUNT,
  },
  run: (context) => {
    const { flags, args, signal } = context;
    if ((args.length > 0) === (flags.instance !== undefined)) {
      throw new UsageError("kas admin alarms delete needs either NAME… or --instance ID");
    }
    return connected(context, async (aws) => {
      const existing = await fleetAlarms(aws, flags.fleet, signal);
      const ofInstance = existing.filter(({ dimension }) => dimension === flags.instance).map(({ name }) =>
        name
      );
      if (flags.instance !== undefined && ofInstance.length === 0) {
        throw new ExitError(`Fleet ${flags.fleet} has no alarms of ${flags.instance}`, 4);
      }
      const names = flags.instance === undefined ? args : ofInstance;
      return await forEachTarget(context, ["name", "action"], names, (name) => {
        known(name, existing, flags.fleet);
        return {
          actions: [`delete alarm ${name}`],
          apply: async () => {
            await deleteAlarms(aws, [name]);
            return [{ name, action: "deleted" }];
          },
        };
      });
    });
  },
});

const STATES = ["OK", "ALARM", "INSUFFICIENT_DATA"] as const satisfies AlarmState[];

const test = command({
  name: "test",
  summary: "Put an alarm into a state until its next evaluation, to try the wiring",
  description: `STATE is ${STATES.join(", ")}.`,
  args: "NAME STATE",
  options: ACCOUNT,
  examples: ["admin alarms test kas:cpuhigh:i-0123456789abcdef0 ALARM"],
  run: (context) => {
    const { flags, args: [target = "", word = ""], signal } = context;
    const state = STATES.find((state) => state === word.toUpperCase());
    if (state === undefined) {
      throw new UsageError(
        `Cannot take "${word}" for a state: expected ${STATES.join(", ")}${didYouMean(word, STATES)}`,
      );
    }
    return connected(context, async (aws) => {
      const existing = await fleetAlarms(aws, flags.fleet, signal);
      return await forEachTarget(context, ["name", "before", "after"], [target], (name) => {
        const before = known(name, existing, flags.fleet).state;
        return {
          actions: [`set alarm ${name} from ${before} to ${state}`],
          apply: async () => {
            await setAlarmState(aws, name, state, "Set by kas admin alarms test");
            return [{ name, before, after: state }];
          },
        };
      });
    });
  },
});

function known(name: string, alarms: readonly AlarmDetail[], fleet: string): AlarmDetail {
  const alarm = alarms.find((alarm) => alarm.name === name);
  if (alarm === undefined) throw new ExitError(`Fleet ${fleet} has no alarm ${name}`, 4);
  return alarm;
}

/** `kas admin alarms`. */
export const alarms: Group = {
  name: "alarms",
  summary: "The fleet's alarms: list, set, delete, test",
  default: "list",
  commands: [list, set, remove, test],
};
