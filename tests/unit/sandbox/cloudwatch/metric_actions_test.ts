import { assertEquals, assertThrows } from "@std/assert";
import { AwsError, type Shape } from "../../../../src/sandbox/wire/action.ts";
import { bench, cpuHigh, MINUTE } from "./bench.ts";

Deno.test("PutMetricData can change the state of alarms; an alarm with a period of 10 s changes within 10 s", async () => {
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

Deno.test("GetMetricData returns several metrics in pages, newest datapoint first", async () => {
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
