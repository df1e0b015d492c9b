import { assertEquals } from "@std/assert";
import {
  deleteAlarm,
  deleteAlarms,
  fleetAlarms,
  putAlarm,
  sharedAlarms,
} from "../../../../src/aws/cloudwatch/alarms.ts";
import { json, wire } from "../wire.ts";

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:kas";
const CHANGED = Date.UTC(2026, 10, 23, 21);

function alarm(name: string) {
  return {
    AlarmName: name,
    StateValue: "ALARM",
    StateReason: "1 datapoint [91.0] was greater than the threshold (80.0).",
    StateUpdatedTimestamp: (CHANGED + 60_000) / 1_000,
    StateTransitionedTimestamp: CHANGED / 1_000,
    Namespace: "AWS/EC2",
    MetricName: "CPUUtilization",
    Dimensions: [{ Name: "InstanceId", Value: "i-1" }],
    Statistic: "Average",
    Threshold: 80,
    Period: 60,
    EvaluationPeriods: 1,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    ActionsEnabled: true,
    AlarmActions: [TOPIC],
    OKActions: [TOPIC],
  };
}

Deno.test("fleetAlarms() reads every page, and returns only alarms whose names have the form of kas", async () => {
  await using server = wire(({ input }) =>
    input["NextToken"] === "t" ? json({ MetricAlarms: [alarm("kas:reqcount:kas")] }) : json({
      MetricAlarms: [alarm("kas:cpuhigh:i-1"), alarm("kas:disk:i-1"), alarm("kas:note")],
      NextToken: "t",
    })
  );
  const found = await fleetAlarms(server.aws, "kas");
  assertEquals(found.map(({ name }) => name), ["kas:cpuhigh:i-1", "kas:reqcount:kas"]);
  assertEquals(server.calls[0]?.input["AlarmNamePrefix"], "kas:");
  assertEquals(found[0], {
    fleet: "kas",
    kind: "cpuhigh",
    dimension: "i-1",
    name: "kas:cpuhigh:i-1",
    state: "ALARM",
    threshold: 80,
    period: 60,
    // The time of the last change of state, not of the last evaluation.
    changed: CHANGED,
    metric: { namespace: "AWS/EC2", name: "CPUUtilization", dimensions: { InstanceId: "i-1" } },
    statistic: "Average",
    comparison: "GreaterThanOrEqualToThreshold",
    evaluations: 1,
    actionsEnabled: true,
    alarmActions: [TOPIC],
    okActions: [TOPIC],
    reason: "1 datapoint [91.0] was greater than the threshold (80.0).",
  });
});

const PLAN = { fleet: "kas", threshold: 42, period: 60, evaluations: 2, topicArn: TOPIC } as const;
const REQUESTS = {
  namespace: "AWS/ApplicationELB",
  name: "RequestCount",
  dimensions: { LoadBalancer: "app/web/50dc6c495c0c9188", TargetGroup: "targetgroup/kas/73e2d6bc24d8a067" },
} as const;

for (
  const [plan, metric, dimensions] of [
    [
      { ...PLAN, kind: "cpuhigh", dimension: "i-1" },
      ["AWS/EC2", "CPUUtilization", "Average", "missing"],
      [{ Name: "InstanceId", Value: "i-1" }],
    ],
    [
      { ...PLAN, kind: "cpulow", dimension: "i-1" },
      // A stopped instance has no datapoints. With notBreaching cpulow would be OK and request a scale-in.
      ["AWS/EC2", "CPUUtilization", "Average", "missing"],
      [{ Name: "InstanceId", Value: "i-1" }],
    ],
    [
      { ...PLAN, kind: "reqcount", dimension: "kas", requests: REQUESTS },
      // A balancer without requests has no datapoints: no load.
      ["AWS/ApplicationELB", "RequestCount", "Sum", "notBreaching"],
      [
        { Name: "LoadBalancer", Value: "app/web/50dc6c495c0c9188" },
        { Name: "TargetGroup", Value: "targetgroup/kas/73e2d6bc24d8a067" },
      ],
    ],
  ] as const
) {
  const { kind, dimension } = plan;
  Deno.test(`putAlarm() of ${kind} watches ${metric[1]} and notifies the topic of both states`, async () => {
    await using server = wire(() => json({}));
    await putAlarm(server.aws, plan);
    const input = server.calls[0]?.input ?? {};
    assertEquals(input["AlarmName"], `kas:${kind}:${dimension}`);
    assertEquals(input["Dimensions"], [...dimensions]);
    const { Namespace, MetricName, Statistic, TreatMissingData, ComparisonOperator } = input;
    assertEquals([Namespace, MetricName, Statistic, TreatMissingData], [...metric]);
    assertEquals(ComparisonOperator, "GreaterThanOrEqualToThreshold");
    assertEquals([input["AlarmActions"], input["OKActions"], input["ActionsEnabled"]], [
      [TOPIC],
      [TOPIC],
      true,
    ]);
    assertEquals([input["Threshold"], input["Period"], input["EvaluationPeriods"]], [42, 60, 2]);
  });
}

Deno.test("deleteAlarms() deletes the others if CloudWatch refuses a call because one alarm does not exist", async () => {
  const left = new Set(["a", "b", "c", "d", "e"]);
  await using server = wire(({ input }) => {
    const names = input["AlarmNames"] as string[];
    if (names.every((name) => left.delete(name))) return json({});
    return Response.json({ __type: "ResourceNotFound", message: "gone" }, { status: 404 });
  });
  await deleteAlarms(server.aws, ["gone", "a", "b", "c", "d", "e"]);
  assertEquals(left.size, 0);
  await deleteAlarms(server.aws, ["gone"]);
});

Deno.test("deleteAlarms() deletes 100 alarms per call, and makes no call without alarms", async () => {
  await using server = wire(() => json({}));
  await deleteAlarms(server.aws, []);
  assertEquals(server.calls, []);
  await deleteAlarms(server.aws, Array.from({ length: 101 }, (_, i) => `kas:cpulow:i-${i}`));
  assertEquals(server.calls.map(({ input }) => (input["AlarmNames"] as string[]).length), [100, 1]);
});

for (
  const [state, evaluation, read] of [
    ["OK", undefined, "OK"],
    ["OK", "EVALUATION_FAILURE", "INSUFFICIENT_DATA"],
    ["OK", "PARTIAL_DATA", "INSUFFICIENT_DATA"],
    ["ALARM", "EVALUATION_FAILURE", "ALARM"],
  ] as const
) {
  Deno.test(`fleetAlarms() reads an alarm with state ${state} and EvaluationState ${evaluation} as ${read}`, async () => {
    const found = { ...alarm("kas:cpulow:i-1"), StateValue: state, EvaluationState: evaluation };
    await using server = wire(() => json({ MetricAlarms: [found] }));
    assertEquals((await fleetAlarms(server.aws, "kas"))[0]?.state, read);
  });
}

Deno.test("alarms that are deleted at the same time share a call, and so do concurrent listings of a fleet", async () => {
  await using server = wire(() => json({ MetricAlarms: [] }));
  await Promise.all(["a", "b"].map((name) => deleteAlarm(server.aws, name)));
  await Promise.all([1, 2].map(() => sharedAlarms(server.aws, "kas")));
  assertEquals(server.calls.map(({ action, input }) => [action, input["AlarmNames"]]), [
    ["DeleteAlarms", ["a", "b"]],
    ["DescribeAlarms", undefined],
  ]);
});
