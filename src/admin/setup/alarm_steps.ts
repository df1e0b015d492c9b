/**
 * The steps of `kas admin setup` for the alarms.
 *
 * @module
 */
import { fleetAlarms, putAlarm } from "../../aws/cloudwatch/alarms.ts";
import type { Metric } from "../../aws/cloudwatch/metric.ts";
import type { Aws } from "../../aws/clients.ts";
import { alarmName } from "../../scaling/model/alarm.ts";
import { ALARM_OPTIONS } from "../alarms/options.ts";
import { cpuAlarms, neededChange, requestAlarm } from "../alarms/plans.ts";
import { type Ensure, ensureAll, type SetupPlan, type Step } from "./steps.ts";

/** Settings of a new alarm, for options that the operator did not give. `period` is in seconds. */
const DEFAULTS = {
  cpu: ALARM_OPTIONS.cpu.parse(ALARM_OPTIONS.cpu.default),
  period: ALARM_OPTIONS.period.parse(ALARM_OPTIONS.period.default),
  evaluations: ALARM_OPTIONS.evaluations.parse(ALARM_OPTIONS.evaluations.default),
};

/** The resources that the alarms watch, and the topic that they notify. */
interface AlarmTargets {
  /** Ids of the fleet's instances. */
  readonly ids: readonly string[];
  /** ARN of the topic. Undefined: the alarms have no actions. */
  readonly topicArn: string | undefined;
  /** The metric that counts the requests to the load balancer. */
  readonly requests: Metric | undefined;
}

/** Creates the CPU alarms that do not exist, and updates the alarms that have the wrong settings, metric or topic. */
export async function setUpAlarms(
  aws: Aws,
  plan: SetupPlan,
  { ids, topicArn, requests }: AlarmTargets,
  ensure: Ensure,
  signal: AbortSignal,
): Promise<void> {
  const { fleet, cpu, period, evaluations, balancer } = plan;
  const settings = {
    fleet,
    topicArn,
    period: period ?? DEFAULTS.period,
    evaluations: evaluations ?? DEFAULTS.evaluations,
  };
  const existing = new Map((await fleetAlarms(aws, fleet, signal)).map((alarm) => [alarm.name, alarm]));
  const cpuSteps = ids.flatMap((id) => cpuAlarms(settings, id, cpu ?? DEFAULTS.cpu)).map((wanted): Step => {
    const name = alarmName(wanted);
    const current = existing.get(name);
    const alarm = current === undefined ? wanted : {
      ...wanted,
      threshold: cpu === undefined ? current.threshold : wanted.threshold,
      period: period ?? current.period,
      evaluations: evaluations ?? current.evaluations,
    };
    return {
      resource: "alarm",
      name,
      change: neededChange(alarm, current),
      apply: () => putAlarm(aws, alarm, signal),
    };
  });
  const requestSteps = [...existing.values()].filter(({ kind }) => kind === "reqcount").map(
    (current): Step => {
      const alarm = requestAlarm(
        current,
        topicArn,
        current.dimension === balancer.name ? requests : undefined,
      );
      const { name } = current;
      return {
        resource: "alarm",
        name,
        change: neededChange(alarm, current),
        apply: () => putAlarm(aws, alarm, signal),
      };
    },
  );
  await ensureAll(ensure, [...cpuSteps, ...requestSteps]);
}
