import { assertEquals, assertThrows } from "@std/assert";
import { AwsError, type Shape } from "../../../../src/sandbox/wire/action.ts";
import { bench, cpuHigh, MINUTE, TOPIC } from "./bench.ts";

Deno.test("PutMetricAlarm replaces the configuration of an existing alarm and keeps its state", async () => {
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

Deno.test("PutMetricAlarm rejects the same invalid input as CloudWatch", async (t) => {
  using it = bench();
  const cases: Readonly<Record<string, Shape>> = {
    "no name": { AlarmName: undefined },
    "no metric": { MetricName: undefined },
    "no statistic": { Statistic: undefined },
    "a period of 45 s": { Period: 45 },
    "a period of 0 s": { Period: 0 },
    "no evaluation periods": { EvaluationPeriods: 0 },
    "more than a day": { Period: 3_000, EvaluationPeriods: 30 },
    "M above N": { DatapointsToAlarm: 2 },
    "an unknown comparison": { ComparisonOperator: "Above" },
    "a threshold that is not a number": { Threshold: "high" },
    "six actions": { AlarmActions: Array(6).fill(TOPIC) },
    "an action that is not an ARN": { AlarmActions: ["kas"] },
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

Deno.test("SetAlarmState runs the alarm's actions, and the next evaluation restores the alarm's state", async () => {
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

Deno.test("DisableAlarmActions stops the actions of an alarm, but the alarm's state still changes", async () => {
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

Deno.test("DescribeAlarms filters alarms, and lists them by name in pages", async () => {
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

Deno.test("DeleteAlarms deletes existing alarms, and fails if no named alarm exists", async () => {
  using it = bench();
  await it.call("PutMetricAlarm", cpuHigh());
  await it.call("DeleteAlarms", { AlarmNames: ["kas:cpuhigh:i-1", "other"] });
  assertEquals(await it.call("DescribeAlarms"), { MetricAlarms: [], CompositeAlarms: [] });
  const error = assertThrows(() => it.service("DeleteAlarms")({ AlarmNames: ["other"] }), AwsError);
  assertEquals([error.code, error.status], ["ResourceNotFound", 404]);
});

Deno.test("DescribeAlarmsForMetric finds the alarms of a metric in any order of the dimensions", async () => {
  using it = bench();
  const Dimensions = [{ Name: "A", Value: "1" }, { Name: "B", Value: "2" }];
  await it.call("PutMetricAlarm", cpuHigh({ Dimensions }));
  const found = async (input: Shape) =>
    (await it.call("DescribeAlarmsForMetric", input) as { MetricAlarms: Shape[] }).MetricAlarms.length;
  const metric = { Namespace: "AWS/EC2", MetricName: "CPUUtilization" };
  assertEquals(await found({ ...metric, Dimensions: Dimensions.toReversed() }), 1);
  assertEquals(await found({ ...metric, Dimensions: [] }), 0);
});
