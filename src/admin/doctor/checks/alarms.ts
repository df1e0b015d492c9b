/**
 * Doctor's checks of the alarms: whether each instance has alarms, whether they notify the topic, and whether their thresholds are
 * useful.
 *
 * @module
 */
import { type AlarmDetail, COMPARISON } from "../../../aws/cloudwatch/alarms.ts";
import { titleOf } from "../../../aws/balancing/balancer.ts";
import { sameMetric } from "../../../aws/cloudwatch/metric.ts";
import { counted, percent } from "../../../cli/format.ts";
import { alarmName } from "../../../scaling/model/alarm.ts";
import { topicName } from "../../account.ts";
import { type Check, failed, type Finding, listed, named, ok, orOk, skipped, warning } from "../check.ts";
import { members, statusOf } from "./fleet.ts";
import { required } from "../observation.ts";
import { setupCommand } from "../remedies.ts";

const CPU_KINDS = ["cpuhigh", "cpulow"] as const;

export const alarms: Check = {
  name: "alarms",
  expects: "each instance has an alarm for high CPU and one for low CPU",
  run: (observation) => {
    const { plan } = observation;
    const existing = new Set(required(observation.alarms).map(({ name }) => name));
    const all = members(observation);
    const lacking = all.map(({ id }) => id).filter((id) =>
      !CPU_KINDS.every((kind) => existing.has(alarmName({ fleet: plan.fleet, kind, dimension: id })))
    );
    const total = counted(all.length, "instance");
    return lacking.length === 0
      ? ok(`${total} with both alarms`)
      : [failed(`of ${total}, these do not have both alarms: ${named(lacking)}`, setupCommand(plan))];
  },
};

export const strayAlarms: Check = {
  name: "stray-alarms",
  expects: "every alarm watches an instance of the fleet, or the requests of its load balancer",
  run: (observation) => {
    const { plan } = observation;
    const ids = new Set(members(observation).map(({ id }) => id));
    const all = required(observation.alarms);
    const orphaned = all.filter(({ kind, dimension }) => kind !== "reqcount" && !ids.has(dimension));
    const requests = required(observation.balancer)?.requests;
    const others = all.filter(({ kind, metric }) =>
      kind === "reqcount" && requests !== undefined && !sameMetric(metric, requests)
    );
    // `kas admin setup` corrects an alarm that contains the load balancer's name. An alarm of a different load balancer would
    // recommend scale-ins again and again, so the remedy deletes this alarm.
    const outdated = others.filter(({ dimension }) => dimension === plan.balancer.name);
    const foreign = others.filter((alarm) => !outdated.includes(alarm));
    const title = titleOf(plan.balancer);
    const remove = (names: readonly string[]) => plan.kas("alarms", "delete", ...listed(names));
    const findings = ([
      [orphaned, "of instances that are not in the fleet", remove],
      [foreign, `counting requests, but not the requests to ${title}`, remove],
      [
        outdated,
        `with a metric that no longer counts the requests to ${title}`,
        () => setupCommand(plan),
      ],
    ] as const).flatMap(([found, what, remedy]): Finding[] => {
      const names = found.map(({ name }) => name);
      if (names.length === 0) return [];
      return [warning(`${counted(names.length, "alarm")} ${what}: ${named(names)}`, remedy(names))];
    });
    return orOk(findings, "every alarm watches this fleet");
  },
};

export const alarmActions: Check = {
  name: "alarm-actions",
  expects: "every alarm notifies the fleet's topic of ALARM and of OK",
  run: (observation) => {
    if (observation.plan.pull) return skipped("with --pull the autoscaler polls the alarms");
    const all = required(observation.alarms);
    const arn = required(observation.topic)?.arn;
    if (arn === undefined) return skipped("the fleet has no topic");
    const disabled = all.filter(({ actionsEnabled }) => !actionsEnabled);
    const enabled = all.filter(({ actionsEnabled }) => actionsEnabled);
    const silent = enabled.filter(({ alarmActions, okActions }) =>
      alarmActions.length + okActions.length === 0
    );
    const other = enabled.filter((alarm) => !silent.includes(alarm) && !notifies(alarm, arn));
    const findings = ([
      [disabled, "with disabled actions"],
      [silent, "without actions"],
      [other, `not notifying topic ${topicName(arn)} of ALARM and OK`],
    ] as const).flatMap(([found, what]): Finding[] =>
      found.length === 0 ? [] : [failed(
        `${counted(found.length, "alarm")} ${what}: ${named(found.map(({ name }) => name))}`,
        setupCommand(observation.plan),
      )]
    );
    return orOk(findings, `${counted(all.length, "alarm")} notifying topic ${topicName(arn)}`);
  },
};

function notifies({ alarmActions, okActions }: AlarmDetail, arn: string): boolean {
  return alarmActions.includes(arn) && okActions.includes(arn);
}

export const alarmComparison: Check = {
  name: "alarm-comparison",
  expects: "every alarm compares with >=",
  run: (observation) => {
    const wrong = required(observation.alarms).filter(({ comparison }) => comparison !== COMPARISON);
    if (wrong.length === 0) return ok("every alarm compares with >=");
    const names = named(wrong.map(({ name }) => name));
    const operators = [...new Set(wrong.map(({ comparison }) => comparison))].join(", ");
    return [
      failed(
        `${counted(wrong.length, "alarm")} comparing with ${operators} instead of ${COMPARISON}: ${names}`,
        setupCommand(observation.plan),
      ),
    ];
  },
};

/**
 * Variation of the CPU over one minute at constant load, in percentage points. A smaller difference between thresholds is not a
 * problem.
 */
const NOISE = 5;

export const thresholds: Check = {
  name: "thresholds",
  expects:
    "after a scale-out, the CPU of each instance is not below the low threshold: high·n/(n+1) is at least low",
  run: (observation) => {
    const all = members(observation);
    const pairs = new Set(thresholdPairs(required(observation.alarms)));
    if (pairs.size === 0) return skipped("no instance has both alarms");
    // n is the minimum capacity. The fewer instances there are, the more one additional instance reduces the CPU of each.
    const alwaysOn = all.filter(({ role }) => role !== "node").length;
    const n = Math.max(1, statusOf(observation)?.settings.min ?? observation.plan.min ?? alwaysOn);
    const findings = Array.from(pairs, (pair): Finding[] => {
      const [low = 0, high = 0] = pair.split(":").map(Number);
      const after = high * n / (n + 1);
      if (low >= high) {
        const detail =
          `low threshold ${low} is not below high threshold ${high}: the same load triggers scale-out and scale-in`;
        return [failed(detail, setupCommand(observation.plan, "--cpu", "42:80"))];
      }
      if (after >= low - NOISE) return [];
      const detail =
        `thresholds ${low} and ${high} are too close: after a scale-out from ${
          counted(n, "instance")
        } at ${high} %, each instance is at ${
          percent(after)
        }, which is below ${low} and triggers a scale-in. ` +
        "Only the check projected-load can prevent this scale-in, and this check needs datapoints";
      return [failed(detail, setupCommand(observation.plan, "--cpu", `${Math.floor(after)}:${high}`))];
    }).flat();
    return orOk(findings, `${[...pairs].join(", ")} with at least ${n} in service`);
  },
};

/** Returns the thresholds, such as `42:80`, of each instance that has both alarms. */
function thresholdPairs(alarms: readonly AlarmDetail[]): string[] {
  const lows = new Map(
    alarms.filter(({ kind }) => kind === "cpulow").map(({ dimension, threshold }) => [dimension, threshold]),
  );
  return alarms.flatMap(({ kind, dimension, threshold }) => {
    const low = lows.get(dimension);
    return kind === "cpuhigh" && low !== undefined ? [`${low}:${threshold}`] : [];
  });
}
