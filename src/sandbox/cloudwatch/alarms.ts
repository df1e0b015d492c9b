/**
 * The account's alarms: their configuration, evaluation, state changes, and the notifications of state changes.
 *
 * @module
 */
import { AwsError } from "../wire/action.ts";
import type { Clock } from "../clock.ts";
import { type Alarm, alarmArn, type AlarmDefinition } from "./alarm.ts";
import { type Datapoint, evaluate, evaluationRange, type State } from "./alarm_evaluation.ts";
import { alarmNotification, timestamp } from "./alarm_message.ts";
import { AlarmHistory } from "./history.ts";
import { type MetricStore, statisticValue } from "./metrics.ts";
import type { Timeline } from "./timeline.ts";

/** Maximum number of alarms per account and region. Source: CloudWatch user guide, service quotas. */
const MAX_ALARMS = 5_000;

/** Publishes a message to an SNS topic. Throws AwsError if the topic does not exist. */
export type Publish = (topicArn: string, subject: string, message: string) => void;

/** Options of {@linkcode Alarms}. */
export interface AlarmsOptions {
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly store: MetricStore;
  readonly region: string;
  readonly publish: Publish;
}

/** The account's metric alarms. */
export class Alarms {
  readonly #options: AlarmsOptions;
  readonly #byName = new Map<string, Alarm>();
  /** The history items of all alarms. */
  readonly history = new AlarmHistory();

  constructor(options: AlarmsOptions) {
    this.#options = options;
  }

  /** Returns every alarm of the account. */
  all(): readonly Alarm[] {
    return [...this.#byName.values()];
  }

  /** Returns the alarm with the given name, or undefined if no such alarm exists. */
  get(name: string): Alarm | undefined {
    return this.#byName.get(name);
  }

  /**
   * Creates an alarm in the state INSUFFICIENT_DATA. If an alarm with the same name exists, replaces the
   * configuration of the alarm and keeps its state.
   */
  put(definition: AlarmDefinition, actionsEnabled: boolean): void {
    const { name } = definition;
    const at = this.#options.clock.now();
    const old = this.#byName.get(name);
    if (old === undefined && this.#byName.size >= MAX_ALARMS) {
      throw new AwsError("LimitExceeded", `The maximum limit of ${MAX_ALARMS} alarms has been reached`);
    }
    const alarm: Alarm = old ?? {
      definition,
      arn: alarmArn(this.#options.region, name),
      actionsEnabled,
      state: "INSUFFICIENT_DATA",
      reason: "Unchecked: Initial alarm creation",
      reasonData: undefined,
      configuredAt: at,
      updatedAt: at,
      transitionedAt: at,
    };
    Object.assign(alarm, { definition, actionsEnabled, configuredAt: at });
    this.#byName.set(name, alarm);
    this.history.add({
      at,
      alarm: name,
      type: "ConfigurationUpdate",
      summary: `Alarm "${name}" ${old ? "updated" : "created"}`,
      data: { version: "1.0", type: old ? "Update" : "Create" },
    });
  }

  /** Deletes an alarm. Returns whether the alarm existed. */
  delete(name: string): boolean {
    if (!this.#byName.delete(name)) return false;
    this.history.add({
      at: this.#options.clock.now(),
      alarm: name,
      type: "ConfigurationUpdate",
      summary: `Alarm "${name}" deleted`,
      data: { version: "1.0", type: "Delete" },
    });
    return true;
  }

  /** Evaluates the alarms for which `isDue` returns true, over the periods that end at the second `end` of the CloudWatch timeline. */
  evaluate(end: number, isDue: (definition: AlarmDefinition) => boolean): void {
    for (const alarm of this.all()) {
      const { definition } = alarm;
      if (!isDue(definition)) continue;
      const evaluation = evaluate(definition.rule, this.#readRange(definition, end));
      if (evaluation === undefined || evaluation.state === alarm.state) continue;
      this.setState(
        alarm,
        evaluation.state,
        evaluation.reason,
        this.#reasonData(definition, evaluation.datapoints),
      );
    }
  }

  /** Sets the state of an alarm. If the state changes, runs the alarm's actions. */
  setState(alarm: Alarm, state: State, reason: string, reasonData: string | undefined): void {
    const at = this.#options.clock.now();
    const { name, actions } = alarm.definition;
    const old = alarm.state;
    const oldState = { stateValue: old, stateReason: alarm.reason };
    Object.assign(alarm, { state, reason, reasonData, updatedAt: at });
    if (state === old) return;
    alarm.transitionedAt = at;
    this.history.add({
      at,
      alarm: name,
      type: "StateUpdate",
      summary: `Alarm updated from ${old} to ${state}`,
      data: { version: "1.0", oldState, newState: { stateValue: state, stateReason: reason } },
    });
    if (!alarm.actionsEnabled) return;
    for (const arn of actions[state]) this.#runAction(alarm, arn, old);
  }

  #runAction(alarm: Alarm, arn: string, old: State): void {
    const { subject, message } = alarmNotification(alarm, old, this.#options.region);
    let error: string | undefined;
    try {
      this.#options.publish(arn, subject, message);
    } catch (caught) {
      // CloudWatch accepts an alarm action whose topic does not exist.
      // The alarm history records that such an action failed.
      if (!(caught instanceof AwsError)) throw caught;
      error = caught.message;
    }
    this.history.add({
      at: this.#options.clock.now(),
      alarm: alarm.definition.name,
      type: "Action",
      summary: error === undefined
        ? `Successfully executed action ${arn}`
        : `Failed to execute action ${arn}. Received error: "${error}"`,
      data: {
        actionState: error === undefined ? "Succeeded" : "Failed",
        notificationResource: arn,
        error: error ?? null,
      },
    });
  }

  #readRange(definition: AlarmDefinition, end: number): readonly (Datapoint | undefined)[] {
    const { metric, period, unit, rule } = definition;
    return Array.from({ length: evaluationRange(rule) }, (_, age) => {
      const from = end - (age + 1) * period;
      const set = this.#options.store.aggregate(metric, from, from + period, unit);
      return set && {
        at: this.#options.timeline.real(from),
        value: statisticValue(set, definition.statistic),
        sampleCount: set.SampleCount,
      };
    });
  }

  #reasonData(definition: AlarmDefinition, datapoints: readonly Datapoint[]): string {
    const oldest = datapoints.at(-1);
    return JSON.stringify({
      version: "1.0",
      queryDate: timestamp(this.#options.clock.now()),
      ...(oldest ? { startDate: timestamp(oldest.at) } : {}),
      ...(definition.unit === undefined ? {} : { unit: definition.unit }),
      statistic: definition.statistic,
      period: definition.period,
      recentDatapoints: datapoints.map(({ value }) => value).reverse(),
      threshold: definition.rule.threshold,
      evaluatedDatapoints: datapoints.map(({ at, value, sampleCount }) => ({
        timestamp: timestamp(at),
        sampleCount,
        value,
      })),
    });
  }
}
