/**
 * The sandbox's CloudWatch. It collects metrics, and evaluates each alarm when the alarm's period ends. An alarm period of
 * 60 means 60 seconds of sandbox time, counted from the start of the service.
 *
 * @module
 */
import { alarmActions } from "./alarm_actions.ts";
import { Alarms, type Publish } from "./alarms.ts";
import { DelayedMetrics } from "./metric_delay.ts";
import { metricActions } from "./metric_actions.ts";
import { MetricStore } from "./metrics.ts";
import { MINUTE, Sampler } from "./sampler.ts";
import { timeline } from "./timeline.ts";
import type { Clock } from "../clock.ts";
import type { MeteredResources, Metric } from "./metered.ts";
import type { Service } from "../wire/action.ts";

/**
 * Interval between two readings of the meters, in seconds of sandbox time. CloudWatch notices the start or stop
 * of a machine only at the next reading.
 */
const METER_INTERVAL = 5;

/**
 * Interval between two evaluations of alarms with periods shorter than a minute, in seconds. Source: CloudWatch user guide,
 * alarm evaluation.
 */
const SHORT_PERIOD_INTERVAL = 10;

/** Options of {@linkcode cloudWatch}. */
export interface CloudWatchOptions {
  readonly clock: Clock;
  readonly metered: MeteredResources;
  readonly region: string;
  readonly publish: Publish;
  /** Returns the time from the end of a period until its datapoint is visible, in ms of sandbox time. Default: 0. */
  readonly metricDelay?: () => number;
  /** Called at each reading of the meters, with the second of the timeline and the number of alarms. */
  readonly onTick?: (second: number, alarms: number) => void;
}

/** The sandbox's CloudWatch. Its disposal stops the collection of metrics and the evaluation of alarms. */
export interface CloudWatch extends Disposable {
  readonly service: Service;
}

/** Starts the sandbox's CloudWatch. Its first minute begins at the time of the call. */
export function cloudWatch(
  { clock, metered, region, publish, metricDelay = () => 0, onTick }: CloudWatchOptions,
): CloudWatch {
  const time = timeline(clock);
  const store = new MetricStore();
  const delayed = new DelayedMetrics(store);
  const sampler = new Sampler(clock, metered);
  const alarms = new Alarms({ clock, timeline: time, store, region, publish });

  let reported = 0;
  let evaluated = 0;
  const ticks = time.ticks(METER_INTERVAL, (second) => {
    sampler.readMeters();
    onTick?.(second, alarms.all().length);
    const minute = Math.floor(second / MINUTE) * MINUTE;
    const isMinuteOver = minute > reported;
    if (isMinuteOver) {
      const visibleAt = minute + metricDelay() / 1_000;
      sampler.reportMinute(reported = minute, delayed.hold(minute, visibleAt));
    }
    const visible = delayed.release(second);
    // CloudWatch evaluates an alarm on a delayed metric when the datapoint of the latest period becomes visible.
    for (const end of visible.filter((end) => !isMinuteOver || end !== minute)) {
      alarms.evaluate(end, ({ period, metric }) => period >= MINUTE && isAwsMetric(metric));
    }
    if (isMinuteOver) {
      alarms.evaluate(
        minute,
        ({ period, metric }) => period >= MINUTE && (visible.includes(minute) || !isAwsMetric(metric)),
      );
    }
    const short = Math.floor(second / SHORT_PERIOD_INTERVAL) * SHORT_PERIOD_INTERVAL;
    if (short > evaluated) alarms.evaluate(evaluated = short, ({ period }) => period < MINUTE);
  });

  return {
    service: { ...alarmActions(alarms), ...metricActions(clock, time, store) },
    [Symbol.dispose]: () => ticks[Symbol.dispose](),
  };
}

/** Returns whether EC2 or ELB reports a metric, as opposed to PutMetricData. */
function isAwsMetric({ Namespace }: Metric): boolean {
  return Namespace.startsWith("AWS/");
}
