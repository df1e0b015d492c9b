/**
 * CloudWatch with machines and load balancers that the test controls.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { Credits } from "../../../../src/sandbox/cloudwatch/metered.ts";
import { type CloudWatch, cloudWatch } from "../../../../src/sandbox/cloudwatch/service.ts";
import { type Action, AwsError, type Shape } from "../../../../src/sandbox/wire/action.ts";
import type { Machine } from "../../../../src/sandbox/machines/machine.ts";
import { type HandClock, handClock } from "../hand_clock.ts";

/** The topic of the alarms' actions. */
export const TOPIC = "arn:aws:sns:eu-west-1:000000000000:kas";
/** ms. */
export const MINUTE = 60_000;

/** A machine whose CPU load the test sets. */
export class Burner implements Machine {
  #used = 0;
  #since: number;
  constructor(readonly clock: HandClock, private load = 0) {
    this.#since = clock.now();
  }
  cpuSeconds(): number {
    const now = this.clock.now();
    this.#used += (this.load * (now - this.#since)) / 1_000;
    this.#since = now;
    return this.#used;
  }
  /** The load from now on, as a share of one core. */
  burn(load: number): void {
    this.cpuSeconds();
    this.load = load;
  }
  signal(): void {}
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** The arguments of a publication. */
export interface Published {
  readonly topicArn: string;
  readonly subject: string;
  readonly message: Record<string, unknown>;
}

/** CloudWatch and what it measures. */
export interface Bench extends Disposable {
  readonly clock: HandClock;
  /** The machines of running instances. */
  readonly machines: Map<string, Burner>;
  /** The number of requests that each load balancer answered. */
  readonly requests: Map<string, number>;
  readonly published: readonly Published[];
  /** Ids of instances with basic monitoring. */
  readonly basic: Set<string>;
  /** The number of vCPUs of instances. Default: 1. */
  readonly vcpus: Map<string, number>;
  /** The CPU credits of T instances. */
  readonly credits: Map<string, Credits>;
  /** Time until datapoints are visible, ms. */
  readonly delay: { ms: number };
  /** Calls an action. */
  service(action: string): Action;
  call(action: string, input?: Shape): Promise<Shape>;
  /** Starts an instance with a load, as a share of one core. */
  start(id: string, load: number): Burner;
  /** Returns the alarm as DescribeAlarms lists it. */
  alarm(name: string): Promise<Shape>;
  /** Returns the rounded averages of a metric of an instance, oldest first. Default: CPUUtilization. */
  cpu(id: string, metric?: string): Promise<number[]>;
}

/** Starts CloudWatch on a clock that stands still. */
export function bench(speed = 1): Bench {
  const clock = handClock(speed);
  const machines = new Map<string, Burner>();
  const requests = new Map<string, number>();
  const published: Published[] = [];
  const basic = new Set<string>();
  const vcpus = new Map<string, number>();
  const credits = new Map<string, Credits>();
  const delay = { ms: 0 };
  const counted = () =>
    new Map(Array.from(requests, ([Value, total]) => {
      const Dimensions = [{ Name: "LoadBalancerName", Value }];
      return [Value, { total, metrics: [{ Namespace: "AWS/ELB", MetricName: "RequestCount", Dimensions }] }];
    }));
  const watch: CloudWatch = cloudWatch({
    clock,
    metered: {
      machines: () => machines,
      reportsEachMinute: (id) => !basic.has(id),
      vcpus: (id) => vcpus.get(id) ?? 1,
      credits: (id) => credits.get(id),
      requests: counted,
    },
    metricDelay: () => delay.ms,
    region: "eu-west-1",
    publish: (topicArn, subject, message) => {
      if (topicArn !== TOPIC) throw new AwsError("NotFound", "Topic does not exist", 404);
      published.push({ topicArn, subject, message: JSON.parse(message) });
    },
  });
  const service = (action: string) => {
    const run = watch.service[action];
    assert(run, `${action} is there`);
    return run;
  };
  const call = async (action: string, input: Shape = {}): Promise<Shape> =>
    await service(action)(input) ?? {};
  return {
    clock,
    machines,
    requests,
    published,
    basic,
    vcpus,
    credits,
    delay,
    service,
    call,
    start: (id: string, load: number) => {
      const machine = new Burner(clock, load);
      machines.set(id, machine);
      return machine;
    },
    alarm: async (name: string) => {
      const { MetricAlarms } = await call("DescribeAlarms", { AlarmNames: [name] }) as {
        MetricAlarms: Shape[];
      };
      assert(MetricAlarms[0], `${name} is there`);
      return MetricAlarms[0];
    },
    cpu: async (id: string, metric = "CPUUtilization") => {
      const { Datapoints } = await call("GetMetricStatistics", {
        Namespace: "AWS/EC2",
        MetricName: metric,
        Dimensions: [{ Name: "InstanceId", Value: id }],
        StartTime: new Date(clock.now() - 3_600_000),
        EndTime: new Date(clock.now()),
        Period: "60",
        Statistics: ["Average"],
      }) as { Datapoints: { Average: number }[] };
      return Datapoints.map(({ Average }) => Math.round(Average));
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

/** Returns the input of kas's cpuhigh alarm. Numbers are text, as in the query protocol. */
export function cpuHigh(changes: Shape = {}): Shape {
  return {
    AlarmName: "kas:cpuhigh:i-1",
    AlarmActions: [TOPIC],
    OKActions: [TOPIC],
    Namespace: "AWS/EC2",
    MetricName: "CPUUtilization",
    Dimensions: [{ Name: "InstanceId", Value: "i-1" }],
    Statistic: "Average",
    Period: "60",
    EvaluationPeriods: "1",
    Threshold: "70",
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    ...changes,
  };
}
