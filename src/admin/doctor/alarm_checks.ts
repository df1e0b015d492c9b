/**
 * Doctor's checks of the alarms: that they are there, tell the right one, and ask for what makes sense.
 *
 * @module
 */
import { type AlarmDetail, COMPARISON } from "../../aws/cloudwatch/alarms.ts";
import { titleOf } from "../../aws/balancing/balancer.ts";
import { sameMetric } from "../../aws/cloudwatch/metric.ts";
import { alarmName } from "../../scaling/model/alarm.ts";
import { lastPart } from "../account.ts";
import {
  type Check,
  count,
  failed,
  type Finding,
  listed,
  named,
  ok,
  orOk,
  skipped,
  warning,
} from "./check.ts";
import { known } from "./facts.ts";
import { members, statusOf } from "./fleet_checks.ts";
import { setup } from "./mending.ts";

const KINDS = ["cpuhigh", "cpulow"] as const;

export const alarms: Check = {
  name: "alarms",
  about: "each instance has its alarms for high and low CPU",
  run: (facts) => {
    const there = new Set(known(facts.alarms).map(({ name }) => name));
    const all = members(facts);
    const lacking = all.map(({ id }) => id).filter((id) =>
      !KINDS.every((kind) => there.has(alarmName({ fleet: facts.plan.fleet, kind, dimension: id })))
    );
    return lacking.length === 0
      ? ok(`${count(all.length, "instance")} with theirs`)
      : [failed(`without alarms, of ${count(all.length, "instance")}: ${named(lacking)}`, setup(facts.plan))];
  },
};

export const strayAlarms: Check = {
  name: "stray-alarms",
  about: "no alarm watches an instance that is gone, or the requests of another load balancer",
  run: (facts) => {
    const { plan } = facts;
    const ids = new Set(members(facts).map(({ id }) => id));
    const all = known(facts.alarms);
    const gone = all.filter(({ kind, dimension }) => kind !== "reqcount" && !ids.has(dimension));
    const requests = known(facts.balancer)?.requests;
    const others = all.filter(({ kind, metric }) =>
      kind === "reqcount" && requests !== undefined && !sameMetric(metric, requests)
    );
    // One that is named after the fleet's own is put right; any other would go on asking for a step in.
    const moved = others.filter(({ dimension }) => dimension === plan.balancer.name);
    const foreign = others.filter((alarm) => !moved.includes(alarm));
    const remove = (names: readonly string[]) => plan.kas(`alarms delete ${listed(names)}`);
    const findings = ([
      [gone, "of instances that are not in the fleet", remove],
      [foreign, `of requests that are not those of ${titleOf(plan.balancer)}`, remove],
      [moved, `of what ${titleOf(plan.balancer)} counted its requests by before`, () => setup(plan)],
    ] as const).flatMap(([found, what, mend]): Finding[] => {
      const names = found.map(({ name }) => name);
      if (names.length === 0) return [];
      return [warning(`${count(names.length, "alarm")} ${what}: ${named(names)}`, mend(names))];
    });
    return orOk(findings, "each alarm watches something that is the fleet's");
  },
};

export const alarmActions: Check = {
  name: "alarm-actions",
  about: "every alarm tells the fleet's topic of ALARM and of OK",
  run: (facts) => {
    if (facts.plan.pull) return skipped("alarms are only read: --pull");
    const all = known(facts.alarms);
    const arn = known(facts.topic)?.arn;
    if (arn === undefined) return skipped("there is no topic to tell");
    const off = all.filter(({ actionsEnabled }) => !actionsEnabled);
    const on = all.filter(({ actionsEnabled }) => actionsEnabled);
    const silent = on.filter(({ alarmActions, okActions }) => alarmActions.length + okActions.length === 0);
    const other = on.filter((alarm) => !silent.includes(alarm) && !tells(alarm, arn));
    const findings = ([
      [off, "with actions disabled"],
      [silent, "telling nobody"],
      [other, `not telling ${lastPart(arn)} of ALARM and OK`],
    ] as const).flatMap(([found, what]): Finding[] =>
      found.length === 0 ? [] : [failed(
        `${count(found.length, "alarm")} ${what}: ${named(found.map(({ name }) => name))}`,
        setup(facts.plan),
      )]
    );
    return orOk(findings, `${count(all.length, "alarm")} telling ${lastPart(arn)}`);
  },
};

function tells({ alarmActions, okActions }: AlarmDetail, arn: string): boolean {
  return alarmActions.includes(arn) && okActions.includes(arn);
}

export const alarmComparison: Check = {
  name: "alarm-comparison",
  about: "every alarm compares with >=",
  run: (facts) => {
    const odd = known(facts.alarms).filter(({ comparison }) => comparison !== COMPARISON);
    if (odd.length === 0) return ok("every alarm compares with >=");
    const names = named(odd.map(({ name }) => name));
    const how = [...new Set(odd.map(({ comparison }) => comparison))].join(", ");
    return [
      failed(
        `${count(odd.length, "alarm")} comparing with ${how}, not with ${COMPARISON}: ${names}`,
        setup(facts.plan),
      ),
    ];
  },
};

/** What two thresholds can't be told apart by, points of CPU: a minute's average moves as much by itself. */
const NOISE = 5;

export const thresholds: Check = {
  name: "thresholds",
  about: "after a step out the load asks for no step in: high·n/(n+1) is not below low",
  run: (facts) => {
    const all = members(facts);
    const pairs = new Set(pairsOf(known(facts.alarms)));
    if (pairs.size === 0) return skipped("no instance has both alarms");
    // The fewest that can be in service are where one more makes the greatest difference.
    const always = all.filter(({ role }) => role !== "node").length;
    const n = Math.max(1, statusOf(facts)?.settings.min ?? facts.plan.min ?? always);
    const findings = Array.from(pairs, (pair): Finding[] => {
      const [low = 0, high = 0] = pair.split(":").map(Number);
      const after = high * n / (n + 1);
      if (low >= high) {
        const detail = `the low threshold ${low} is not below the high one ${high}: one load asks for both`;
        return [failed(detail, setup(facts.plan, "--cpu 42:80"))];
      }
      if (after >= low - NOISE) return [];
      const detail =
        `low ${low} and high ${high} are closer than one instance's share: ${n} at ${high} % and one ` +
        `added makes ${
          percent(after)
        } % each, which is below ${low} and asks for the way back; R6 alone holds it, ` +
        "where there are datapoints";
      return [failed(detail, setup(facts.plan, `--cpu ${Math.floor(after)}:${high}`))];
    }).flat();
    return orOk(findings, `${[...pairs].join(", ")} with ${n} in service at least`);
  },
};

/** `42:80` of each instance that has both. */
function pairsOf(alarms: readonly AlarmDetail[]): string[] {
  const lows = new Map(
    alarms.filter(({ kind }) => kind === "cpulow").map(({ dimension, threshold }) => [dimension, threshold]),
  );
  return alarms.flatMap(({ kind, dimension, threshold }) => {
    const low = lows.get(dimension);
    return kind === "cpuhigh" && low !== undefined ? [`${low}:${threshold}`] : [];
  });
}

function percent(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
