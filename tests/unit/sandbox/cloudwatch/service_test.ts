import { assert, assertEquals } from "@std/assert";
import type { Shape } from "../../../../src/sandbox/wire/action.ts";
import { bench, cpuHigh, MINUTE, TOPIC } from "./bench.ts";

Deno.test("cloudWatch() reports the CPU of a running instance every minute, in percent of one vCPU up to 100", async () => {
  using it = bench();
  const machine = it.start("i-1", 0.25);
  it.clock.advance(MINUTE);
  machine.burn(3);
  it.clock.advance(MINUTE);
  machine.burn(0);
  it.clock.advance(MINUTE);
  assertEquals(await it.cpu("i-1"), [25, 100, 0]);
});

Deno.test("cloudWatch() reports a minute's CPU if the machine ran for at least half of the minute", async () => {
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

Deno.test("cloudWatch() restarts the CPU count when an instance starts", async () => {
  using it = bench();
  it.start("i-1", 1);
  it.clock.advance(2 * MINUTE + 10_000);
  it.machines.delete("i-1");
  it.clock.advance(5_000);
  it.start("i-1", 0.2);
  it.clock.advance(105_000);
  // The third minute has 10 s of the first machine and nearly 45 s of the second.
  const [, second, third, fourth] = await it.cpu("i-1");
  assertEquals([second, fourth], [100, 20]);
  assert(third !== undefined && third >= 33 && third <= 36, `${third}`);
});

Deno.test("cloudWatch() reports a datapoint every 60 s of sandbox time", async () => {
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

Deno.test("cloudWatch() reports a request count only for minutes with requests", async () => {
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

Deno.test("an alarm starts in INSUFFICIENT_DATA, and publishes each state change once", async () => {
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

Deno.test("cloudWatch() evaluates an alarm when the alarm's period ends", async () => {
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

Deno.test("the notification of an alarm is equal to CloudWatch's message", async () => {
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

Deno.test("cloudWatch() evaluates an alarm over five minutes every minute, over the last five minutes", async () => {
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

Deno.test("the alarm history records an action whose topic does not exist", async () => {
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

Deno.test("cloudWatch() leaves no timer after its disposal", () => {
  const it = bench();
  it.clock.advance(MINUTE);
  it[Symbol.dispose]();
  assertEquals(it.clock.timers, []);
});

Deno.test("cloudWatch() shows datapoints after the metric delay, and evaluates alarms only on visible datapoints", async () => {
  using it = bench();
  it.delay.ms = 180_000;
  const machine = it.start("i-1", 1);
  await it.call("PutMetricAlarm", cpuHigh());
  const state = async () => (await it.alarm("kas:cpuhigh:i-1"))["StateValue"];
  it.clock.advance(MINUTE);
  machine.burn(0);
  it.clock.advance(2 * MINUTE + 55_000);
  assertEquals([await it.cpu("i-1"), await state()], [[], "INSUFFICIENT_DATA"]);
  it.clock.advance(5_000);
  assertEquals([await it.cpu("i-1"), await state()], [[100], "ALARM"]);
  it.clock.advance(MINUTE);
  assertEquals([await it.cpu("i-1"), await state()], [[100, 0], "OK"]);
});

Deno.test("cloudWatch() does not delay the datapoints of PutMetricData", async () => {
  using it = bench();
  it.delay.ms = 180_000;
  const metric = { Namespace: "own", MetricName: "load", Dimensions: [] };
  await it.call("PutMetricAlarm", cpuHigh({ AlarmName: "own", ...metric }));
  await it.call("PutMetricData", { Namespace: "own", MetricData: [{ MetricName: "load", Value: "90" }] });
  it.clock.advance(MINUTE);
  assertEquals((await it.alarm("own"))["StateValue"], "ALARM");
});

Deno.test("cloudWatch() reports a datapoint every five minutes for an instance with basic monitoring", async () => {
  using it = bench();
  it.basic.add("i-1");
  const machine = it.start("i-1", 1);
  it.start("i-2", 1);
  await it.call("PutMetricAlarm", cpuHigh({ Period: "300" }));
  it.clock.advance(4 * MINUTE);
  machine.burn(0.5);
  assertEquals([await it.cpu("i-1"), (await it.cpu("i-2")).length], [[], 4]);
  it.clock.advance(MINUTE);
  assertEquals(await it.cpu("i-1"), [90]);
  assertEquals((await it.alarm("kas:cpuhigh:i-1"))["StateValue"], "ALARM");
  it.clock.advance(5 * MINUTE);
  assertEquals(await it.cpu("i-1"), [90, 50]);
});

Deno.test("cloudWatch() limits the CPU of a T instance without credits, and reports its balance every five minutes", async () => {
  using it = bench();
  it.credits.set("i-1", { balance: 0, limit: 10 });
  it.start("i-1", 0.8);
  it.start("i-2", 0.8);
  it.clock.advance(10 * MINUTE);
  assertEquals([(await it.cpu("i-1")).at(-1), (await it.cpu("i-2")).at(-1)], [10, 80]);
  assertEquals(await it.cpu("i-1", "CPUCreditBalance"), [0, 0]);
  assertEquals(await it.cpu("i-2", "CPUCreditBalance"), []);
});

Deno.test("cloudWatch() averages the CPU of an instance over its vCPUs", async () => {
  using it = bench();
  it.vcpus.set("i-1", 2);
  it.start("i-1", 1);
  it.clock.advance(MINUTE);
  assertEquals(await it.cpu("i-1"), [50]);
});
