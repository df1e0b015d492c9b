/**
 * CloudWatch of the sandbox: collects metrics, and evaluates each alarm as soon as its period is complete. A period of
 * 60 is 60 s of sandbox time, counted from the start of CloudWatch.
 *
 * @module
 */
import { alarmActions } from "./alarm_actions.ts";
import { Alarms, type Publish } from "./alarms.ts";
import { metricActions } from "./metric_actions.ts";
import { MetricStore } from "./metrics.ts";
import { MINUTE, Sampler } from "./sampler.ts";
import { timeline } from "./timeline.ts";
import type { Clock } from "../clock.ts";
import type { MeteredResources } from "./metered.ts";
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
}

/** CloudWatch. Its disposal ends the collection and the evaluation. */
export interface CloudWatch extends Disposable {
  readonly service: Service;
}

/** Starts CloudWatch. Its first minute begins now. */
export function cloudWatch({ clock, metered, region, publish }: CloudWatchOptions): CloudWatch {
  const time = timeline(clock);
  const store = new MetricStore();
  const sampler = new Sampler(clock, metered, store);
  const alarms = new Alarms({ clock, timeline: time, store, region, publish });

  let reported = 0;
  let evaluated = 0;
  const ticks = time.ticks(METER_INTERVAL, (second) => {
    sampler.readMeters();
    const minute = Math.floor(second / MINUTE) * MINUTE;
    if (minute > reported) {
      sampler.reportMinute(reported = minute);
      alarms.evaluate(minute, ({ period }) => period >= MINUTE);
    }
    const short = Math.floor(second / SHORT_PERIOD_INTERVAL) * SHORT_PERIOD_INTERVAL;
    if (short > evaluated) alarms.evaluate(evaluated = short, ({ period }) => period < MINUTE);
  });

  return {
    service: { ...alarmActions(alarms), ...metricActions(clock, time, store) },
    [Symbol.dispose]: () => ticks[Symbol.dispose](),
  };
}
