/**
 * CloudWatch of the sandbox: collects metrics, and evaluates each alarm as soon as its period is complete. A period of
 * 60 is 60 s of sandbox time, counted from the start of CloudWatch.
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
 * Interval between two readings of the meters, s of sandbox time. It is the greatest delay with which a start or stop
 * is noticed.
 */
const METER_INTERVAL = 5;

/**
 * Interval between two evaluations of alarms with periods under a minute, s. Source: CloudWatch user guide, alarm
 * evaluation.
 */
const SHORT_PERIOD_INTERVAL = 10;

/** What CloudWatch is made of. */
export interface CloudWatchOptions {
  readonly clock: Clock;
  readonly metered: MeteredResources;
  readonly region: string;
  readonly publish: Publish;
  /** Returns the time from the end of a period until its datapoint is visible, ms of sandbox time; 0 by default. */
  readonly metricDelay?: () => number;
}

/** CloudWatch. Its disposal ends the collection and the evaluation. */
export interface CloudWatch extends Disposable {
  readonly service: Service;
}

/** Starts CloudWatch. Its first minute begins now. */
export function cloudWatch(
  { clock, metered, region, publish, metricDelay = () => 0 }: CloudWatchOptions,
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
    const minute = Math.floor(second / MINUTE) * MINUTE;
    const isMinuteOver = minute > reported;
    if (isMinuteOver) {
      const visibleAt = minute + metricDelay() / 1_000;
      sampler.reportMinute(reported = minute, delayed.hold(minute, visibleAt));
    }
    const visible = delayed.release(second);
    // An alarm on a delayed metric is evaluated when the datapoint of its period becomes visible, over the periods up to that one.
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

/** Whether a metric is reported by EC2 or ELB, and not by PutMetricData. */
function isAwsMetric({ Namespace }: Metric): boolean {
  return Namespace.startsWith("AWS/");
}
