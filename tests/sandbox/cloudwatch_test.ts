import { assert, assertEquals, assertThrows } from "@std/assert";
import { type CloudWatch, cloudWatch } from "../../src/sandbox/cloudwatch.ts";
import { AwsError, type Machine, type Shape } from "../../src/sandbox/service.ts";
import { type HandClock, handClock } from "./hand_clock.ts";

const TOPIC = "arn:aws:sns:eu-west-1:000000000000:kas";
const MINUTE = 60_000;

/** A machine whose CPU is as busy as the test says. */
class Burner implements Machine {
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
  /** From now on, as a share of one core. */
  burn(load: number): void {
    this.cpuSeconds();
    this.load = load;
  }
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** CloudWatch over machines and balancers that a test works by hand. */
function bench(speed = 1) {
  const clock = handClock(speed);
  const machines = new Map<string, Burner>();
  const requests = new Map<string, number>();
  const published: { topicArn: string; subject: string; message: Record<string, unknown> }[] = [];
  const watch: CloudWatch = cloudWatch({
    clock,
    metered: { machines: () => machines, requests: () => requests },
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
    service,
    call,
    start: (id: string, load: number) => {
      const machine = new Burner(clock, load);
      machines.set(id, machine);
      return machine;
    },
    /** The alarm as DescribeAlarms shows it. */
    alarm: async (name: string) => {
      const { MetricAlarms } = await call("DescribeAlarms", { AlarmNames: [name] }) as {
        MetricAlarms: Shape[];
      };
      assert(MetricAlarms[0], `${name} is there`);
      return MetricAlarms[0];
    },
    /** CPUUtilization averages of an instance, oldest first, rounded. */
    cpu: async (id: string) => {
      const { Datapoints } = await call("GetMetricStatistics", {
        Namespace: "AWS/EC2",
        MetricName: "CPUUtilization",
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

/** kas's cpuhigh alarm, numbers as text as the query protocol has them. */
function cpuHigh(changes: Shape = {}): Shape {
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

Deno.test("cloudWatch() reports a running instance's CPU each minute, of one vCPU and 100 at most", async () => {
  using it = bench();
  const machine = it.start("i-1", 0.25);
  it.clock.advance(MINUTE);
  machine.burn(3);
  it.clock.advance(MINUTE);
  machine.burn(0);
  it.clock.advance(MINUTE);
  assertEquals(await it.cpu("i-1"), [25, 100, 0]);
});

Deno.test("cloudWatch() reports part of a minute if the machine ran for half of it", async () => {
  using it = bench();
  it.clock.advance(25_000);
  it.start("i-early", 0.5);
  it.clock.advance(20_000);
  it.start("i-late", 0.5);
  it.clock.advance(55_000);
  it.machines.delete("i-early");
  it.clock.advance(20_000);
  assertEquals(await it.cpu("i-early"), [50, 50]);
  assertEquals(await it.cpu("i-late"), [50]);
  it.clock.advance(5 * MINUTE);
  assertEquals((await it.cpu("i-early")).length, 2, "nothing of an instance that does not run");
});

Deno.test("cloudWatch() counts from zero with each start of an instance", async () => {
  using it = bench();
  it.start("i-1", 1);
  it.clock.advance(2 * MINUTE + 10_000);
  it.machines.delete("i-1");
  it.clock.advance(5_000);
  it.start("i-1", 0.2);
  it.clock.advance(105_000);
  // The third minute saw 10 s of the first machine and nearly 45 s of the second.
  const [, second, third, fourth] = await it.cpu("i-1");
  assertEquals([second, fourth], [100, 20]);
  assert(third !== undefined && third >= 33 && third <= 36, `${third}`);
});

Deno.test("cloudWatch() passes a minute in 60 s divided by the speed", async () => {
  using it = bench(25);
  it.start("i-1", 0.5);
  await it.call("PutMetricAlarm", cpuHigh({ Threshold: 40 }));
  const start = it.clock.now();
  it.clock.advance(59_000);
  assertEquals(await it.cpu("i-1"), []);
  it.clock.advance(1_000);
  assertEquals(it.clock.now() - start, 2_400);
  assertEquals((await it.alarm("kas:cpuhigh:i-1"))["StateValue"], "ALARM");
  it.clock.advance(MINUTE);
  assertEquals(await it.cpu("i-1"), [50, 50]);
});

Deno.test("cloudWatch() reports requests only while there are some", async () => {
  using it = bench();
  it.requests.set("kas", 0);
  it.clock.advance(MINUTE);
  it.requests.set("kas", 120);
  it.clock.advance(2 * MINUTE);
  it.requests.set("kas", 150);
  it.clock.advance(MINUTE);
  const { Datapoints } = await it.call("GetMetricStatistics", {
    Namespace: "AWS/ELB",
    MetricName: "RequestCount",
    Dimensions: [{ Name: "LoadBalancerName", Value: "kas" }],
    StartTime: new Date(it.clock.now() - 10 * MINUTE),
    EndTime: new Date(it.clock.now()),
    Period: 60,
    Statistics: ["Sum", "Average"],
  });
  const at = it.clock.now();
  assertEquals(Datapoints, [
    { Timestamp: new Date(at - 3 * MINUTE), Average: 1, Sum: 120, Unit: "Count" },
    { Timestamp: new Date(at - MINUTE), Average: 1, Sum: 30, Unit: "Count" },
  ]);
});

Deno.test("an alarm begins with insufficient data, and tells the topic of each change, once", async () => {
  using it = bench();
  const machine = it.start("i-1", 0.1);
  await it.call("PutMetricAlarm", cpuHigh({ InsufficientDataActions: [TOPIC] }));
  const fresh = await it.alarm("kas:cpuhigh:i-1");
  assertEquals([fresh["StateValue"], fresh["StateReason"]], [
    "INSUFFICIENT_DATA",
    "Unchecked: Initial alarm creation",
  ]);

  it.clock.advance(3 * MINUTE);
  machine.burn(0.9);
  it.clock.advance(3 * MINUTE);
  machine.burn(0.1);
  it.clock.advance(3 * MINUTE);
  it.machines.clear();
  it.clock.advance(5 * MINUTE);
  assertEquals(it.published.map(({ message }) => [message["OldStateValue"], message["NewStateValue"]]), [
    ["INSUFFICIENT_DATA", "OK"],
    ["OK", "ALARM"],
    ["ALARM", "OK"],
    ["OK", "INSUFFICIENT_DATA"],
  ]);
});

Deno.test("an alarm is raised the moment its period is complete", async () => {
  using it = bench();
  it.start("i-1", 1);
  await it.call("PutMetricAlarm", cpuHigh({ EvaluationPeriods: 2 }));
  it.clock.advance(2 * MINUTE - 1);
  assertEquals((await it.alarm("kas:cpuhigh:i-1"))["StateValue"], "OK", "one breaching datapoint of two");
  it.clock.advance(1);
  const alarm = await it.alarm("kas:cpuhigh:i-1");
  assertEquals(alarm["StateValue"], "ALARM");
  assertEquals(alarm["StateTransitionedTimestamp"], new Date(it.clock.now()));
});

Deno.test("an alarm's notification is CloudWatch's message to the letter", async () => {
  using it = bench();
  it.start("i-1", 1);
  await it.call(
    "PutMetricAlarm",
    cpuHigh({ AlarmDescription: "busy", DatapointsToAlarm: 1, Unit: "Percent" }),
  );
  it.clock.advance(2 * MINUTE);
  assertEquals(it.published, [{
    topicArn: TOPIC,
    subject: 'ALARM: "kas:cpuhigh:i-1" in EU (Ireland)',
    message: {
      AlarmName: "kas:cpuhigh:i-1",
      AlarmDescription: "busy",
      AWSAccountId: "000000000000",
      AlarmConfigurationUpdatedTimestamp: "2025-09-16T16:58:00.000+0000",
      NewStateValue: "ALARM",
      NewStateReason:
        "Threshold Crossed: 1 out of the last 1 datapoints [100.0 (16/09/25 16:58:00)] was greater than or equal to the threshold (70.0) (minimum 1 datapoint for OK -> ALARM transition).",
      StateChangeTime: "2025-09-16T16:59:00.000+0000",
      Region: "EU (Ireland)",
      AlarmArn: "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:kas:cpuhigh:i-1",
      OldStateValue: "INSUFFICIENT_DATA",
      OKActions: [TOPIC],
      AlarmActions: [TOPIC],
      InsufficientDataActions: [],
      Trigger: {
        MetricName: "CPUUtilization",
        Namespace: "AWS/EC2",
        StatisticType: "Statistic",
        Statistic: "AVERAGE",
        Unit: "Percent",
        Dimensions: [{ value: "i-1", name: "InstanceId" }],
        Period: 60,
        EvaluationPeriods: 1,
        DatapointsToAlarm: 1,
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        Threshold: 70,
        TreatMissingData: "missing",
        EvaluateLowSampleCountPercentile: "",
      },
    },
  }]);
});

Deno.test("an alarm over five minutes is evaluated each minute over the last five", async () => {
  using it = bench();
  const machine = it.start("i-1", 0);
  await it.call("PutMetricAlarm", cpuHigh({ Period: 300, Threshold: 30 }));
  it.clock.advance(5 * MINUTE);
  machine.burn(1);
  it.clock.advance(MINUTE);
  assertEquals((await it.alarm("kas:cpuhigh:i-1"))["StateValue"], "OK", "20 % over five minutes");
  it.clock.advance(MINUTE);
  assertEquals((await it.alarm("kas:cpuhigh:i-1"))["StateValue"], "ALARM", "40 %");
});

Deno.test("PutMetricAlarm on an alarm that is there replaces its definition and keeps its state", async () => {
  using it = bench();
  it.start("i-1", 1);
  await it.call("PutMetricAlarm", cpuHigh({ AlarmDescription: "first" }));
  it.clock.advance(MINUTE);
  await it.call("PutMetricAlarm", cpuHigh({ Threshold: 90 }));
  const alarm = await it.alarm("kas:cpuhigh:i-1");
  assertEquals([alarm["StateValue"], alarm["Threshold"], alarm["AlarmDescription"]], [
    "ALARM",
    90,
    undefined,
  ]);
});

Deno.test("PutMetricAlarm refuses what CloudWatch refuses", async (t) => {
  using it = bench();
  const cases: Readonly<Record<string, Shape>> = {
    "no name": { AlarmName: undefined },
    "no metric": { MetricName: undefined },
    "no statistic": { Statistic: undefined },
    "a period of 45 s": { Period: 45 },
    "a period of 0 s": { Period: 0 },
    "no evaluation": { EvaluationPeriods: 0 },
    "more than a day": { Period: 3_000, EvaluationPeriods: 30 },
    "M above N": { DatapointsToAlarm: 2 },
    "an unknown comparison": { ComparisonOperator: "Above" },
    "a threshold in words": { Threshold: "high" },
    "six actions": { AlarmActions: Array(6).fill(TOPIC) },
    "an action that is no ARN": { AlarmActions: ["kas"] },
  };
  for (const [name, changes] of Object.entries(cases)) {
    await t.step(name, () => {
      const put = it.service("PutMetricAlarm");
      const error = assertThrows(() => put(cpuHigh(changes)), AwsError);
      assertEquals([error.code, error.status], ["ValidationError", 400]);
    });
  }
  for (const Period of [10, 20, 30, 60, 300]) await it.call("PutMetricAlarm", cpuHigh({ Period }));
});

Deno.test("SetAlarmState runs the actions, and the next evaluation puts the alarm back", async () => {
  using it = bench();
  it.start("i-1", 0.1);
  await it.call("PutMetricAlarm", cpuHigh({ OKActions: [] }));
  it.clock.advance(MINUTE);
  const set = { AlarmName: "kas:cpuhigh:i-1", StateValue: "ALARM", StateReason: "test" };
  await it.call("SetAlarmState", set);
  await it.call("SetAlarmState", set);
  assertEquals(
    it.published.map(({ message }) => message["NewStateReason"]),
    ["test"],
    "no action without a change",
  );
  it.clock.advance(MINUTE);
  assertEquals((await it.alarm("kas:cpuhigh:i-1"))["StateValue"], "OK");

  const error = assertThrows(() => it.service("SetAlarmState")({ ...set, AlarmName: "other" }), AwsError);
  assertEquals([error.code, error.status], ["ResourceNotFound", 404]);
});

Deno.test("DisableAlarmActions silences an alarm whose state goes on changing", async () => {
  using it = bench();
  it.start("i-1", 1);
  await it.call("PutMetricAlarm", cpuHigh());
  await it.call("DisableAlarmActions", { AlarmNames: ["kas:cpuhigh:i-1"] });
  it.clock.advance(MINUTE);
  const alarm = await it.alarm("kas:cpuhigh:i-1");
  assertEquals([alarm["StateValue"], alarm["ActionsEnabled"], it.published.length], ["ALARM", false, 0]);
  await it.call("EnableAlarmActions", { AlarmNames: ["kas:cpuhigh:i-1"] });
  it.machines.clear();
  it.clock.advance(10 * MINUTE);
  assertEquals(it.published.length, 0, "INSUFFICIENT_DATA has no action");
});

Deno.test("an action whose topic is gone fails in the history only", async () => {
  using it = bench();
  it.start("i-1", 1);
  await it.call("PutMetricAlarm", cpuHigh({ AlarmActions: ["arn:aws:sns:eu-west-1:000000000000:gone"] }));
  it.clock.advance(MINUTE);
  const { AlarmHistoryItems } = await it.call("DescribeAlarmHistory", { AlarmName: "kas:cpuhigh:i-1" }) as {
    AlarmHistoryItems: Shape[];
  };
  assertEquals(AlarmHistoryItems.map((item) => item["HistorySummary"]), [
    'Failed to execute action arn:aws:sns:eu-west-1:000000000000:gone. Received error: "Topic does not exist"',
    "Alarm updated from INSUFFICIENT_DATA to ALARM",
    'Alarm "kas:cpuhigh:i-1" created',
  ]);
});

Deno.test("DescribeAlarms filters, and pages in the order of names", async () => {
  using it = bench();
  for (let i = 10; i > 0; i--) {
    await it.call(
      "PutMetricAlarm",
      cpuHigh({ AlarmName: `kas:cpuhigh:i-${i}`, ...(i > 8 ? { AlarmActions: [], OKActions: [] } : {}) }),
    );
  }
  const names = async (input: Shape) => {
    const { MetricAlarms } = await it.call("DescribeAlarms", input) as { MetricAlarms: Shape[] };
    return MetricAlarms.map((alarm) => alarm["AlarmName"]);
  };
  assertEquals(await names({ AlarmNamePrefix: "kas:cpuhigh:i-1" }), ["kas:cpuhigh:i-1", "kas:cpuhigh:i-10"]);
  assertEquals((await names({ ActionPrefix: TOPIC })).length, 8);
  assertEquals((await names({ StateValue: "OK" })).length, 0);
  assertEquals((await names({ AlarmTypes: ["CompositeAlarm"] })).length, 0);

  const seen: unknown[] = [];
  let token: Shape = {};
  do {
    const page: Shape = await it.call("DescribeAlarms", { MaxRecords: "4", ...token });
    seen.push(...(page["MetricAlarms"] as Shape[]).map((alarm) => alarm["AlarmName"]));
    token = page["NextToken"] === undefined ? {} : { NextToken: page["NextToken"] };
  } while ("NextToken" in token);
  assertEquals(seen, Array.from({ length: 10 }, (_, i) => `kas:cpuhigh:i-${i + 1}`).sort());

  const describe = it.service("DescribeAlarms");
  assertEquals(assertThrows(() => describe({ NextToken: "nonsense" }), AwsError).code, "InvalidNextToken");
  assertEquals(assertThrows(() => describe({ MaxRecords: 101 }), AwsError).code, "ValidationError");
  assertEquals(
    assertThrows(() => describe({ AlarmNames: ["a"], AlarmNamePrefix: "a" }), AwsError).code,
    "ValidationError",
  );
});

Deno.test("DeleteAlarms deletes the alarms that are there, and says so if none is", async () => {
  using it = bench();
  await it.call("PutMetricAlarm", cpuHigh());
  await it.call("DeleteAlarms", { AlarmNames: ["kas:cpuhigh:i-1", "other"] });
  assertEquals(await it.call("DescribeAlarms"), { MetricAlarms: [], CompositeAlarms: [] });
  const error = assertThrows(() => it.service("DeleteAlarms")({ AlarmNames: ["other"] }), AwsError);
  assertEquals([error.code, error.status], ["ResourceNotFound", 404]);
});

Deno.test("DescribeAlarmsForMetric finds a metric's alarms, dimensions in any order", async () => {
  using it = bench();
  const Dimensions = [{ Name: "A", Value: "1" }, { Name: "B", Value: "2" }];
  await it.call("PutMetricAlarm", cpuHigh({ Dimensions }));
  const found = async (input: Shape) =>
    (await it.call("DescribeAlarmsForMetric", input) as { MetricAlarms: Shape[] }).MetricAlarms.length;
  const metric = { Namespace: "AWS/EC2", MetricName: "CPUUtilization" };
  assertEquals(await found({ ...metric, Dimensions: Dimensions.toReversed() }), 1);
  assertEquals(await found({ ...metric, Dimensions: [] }), 0);
});

Deno.test("PutMetricData feeds alarms, those with a period of 10 s within 10 s", async () => {
  using it = bench();
  const custom = { Namespace: "kas/test", MetricName: "Queue", Dimensions: [] };
  await it.call("PutMetricAlarm", cpuHigh({ ...custom, Period: 10 }));
  const put = (datum: Shape) =>
    it.call("PutMetricData", { Namespace: "kas/test", MetricData: [{ MetricName: "Queue", ...datum }] });
  await put({ Value: "80", StorageResolution: "1" });
  it.clock.advance(10_000);
  assertEquals((await it.alarm("kas:cpuhigh:i-1"))["StateValue"], "ALARM");
  await put({ StatisticValues: { SampleCount: 2, Sum: 20, Minimum: 5, Maximum: 15 }, StorageResolution: 1 });
  it.clock.advance(10_000);
  assertEquals((await it.alarm("kas:cpuhigh:i-1"))["StateValue"], "OK");
  assertEquals(await it.call("ListMetrics", { Namespace: "kas/test" }), { Metrics: [custom] });
  const aws = () => it.service("PutMetricData")({ Namespace: "AWS/EC2", MetricData: [] });
  assertEquals(assertThrows(aws, AwsError).code, "InvalidParameterValue");
});

Deno.test("GetMetricData answers several metrics, newest first, in pages", async () => {
  using it = bench();
  it.start("i-1", 0);
  it.start("i-2", 2);
  it.clock.advance(3 * MINUTE);
  const query = (id: string) => ({
    Id: id.replace("-", ""),
    MetricStat: {
      Metric: {
        Namespace: "AWS/EC2",
        MetricName: "CPUUtilization",
        Dimensions: [{ Name: "InstanceId", Value: id }],
      },
      Period: 60,
      Stat: "Average",
    },
  });
  const input = {
    MetricDataQueries: [query("i-1"), query("i-2")],
    StartTime: (it.clock.now() - 3 * MINUTE) / 1_000,
    EndTime: new Date(it.clock.now()).toISOString(),
  };
  const at = [1, 2, 3].map((minutes) => new Date(it.clock.now() - minutes * MINUTE));
  const [one, two] = [{ Id: "i1", Label: "CPUUtilization" }, { Id: "i2", Label: "CPUUtilization" }];
  assertEquals(await it.call("GetMetricData", input), {
    MetricDataResults: [
      { ...one, Timestamps: at, Values: [0, 0, 0], StatusCode: "Complete" },
      { ...two, Timestamps: at, Values: [100, 100, 100], StatusCode: "Complete" },
    ],
    Messages: [],
  });

  const first = await it.call("GetMetricData", { ...input, MaxDatapoints: 4 });
  assertEquals(first["MetricDataResults"], [
    { ...one, Timestamps: at, Values: [0, 0, 0], StatusCode: "Complete" },
    { ...two, Timestamps: at.slice(0, 1), Values: [100], StatusCode: "PartialData" },
  ]);
  const second = await it.call("GetMetricData", {
    ...input,
    MaxDatapoints: 4,
    NextToken: first["NextToken"],
  });
  assertEquals(second["MetricDataResults"], [
    { ...one, Timestamps: [], Values: [], StatusCode: "Complete" },
    { ...two, Timestamps: at.slice(1), Values: [100, 100], StatusCode: "Complete" },
  ]);
});

Deno.test("cloudWatch() sets no timer any more once it is disposed of", () => {
  const it = bench();
  it.clock.advance(MINUTE);
  it[Symbol.dispose]();
  assertEquals(it.clock.timers, []);
});
