import { DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { readAlarmPage } from "../../../../src/aws/cloudwatch/alarm_page.ts";
import { fleetAlarms } from "../../../../src/aws/cloudwatch/alarms.ts";
import { UnreachableError } from "../../../../src/aws/errors.ts";
import { json, wire } from "../wire.ts";

Deno.test("fleetAlarms() reads of every alarm what the SDK's own reading of the same answer comes to", async () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 });
  // To the millisecond, which CloudWatch's numbers are exact to.
  const time = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
    .map((at) => at.getTime() / 1_000);
  const alarm = fc.record({
    AlarmName: fc.constantFrom("kas:cpuhigh:i-1", "kas:cpulow:i-2", "kas:reqcount:kas", "kas:other"),
    StateValue: fc.constantFrom("OK", "ALARM", "INSUFFICIENT_DATA"),
    Threshold: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant("NaN")),
    Period: fc.nat(),
    EvaluationPeriods: fc.nat(),
    StateTransitionedTimestamp: time,
    StateUpdatedTimestamp: time,
    Namespace: text,
    MetricName: text,
    Dimensions: fc.uniqueArray(fc.record({ Name: text, Value: text }), {
      maxLength: 3,
      selector: ({ Name }) => Name,
    }),
    Statistic: text,
    ComparisonOperator: text,
    ActionsEnabled: fc.boolean(),
    AlarmActions: fc.array(text, { maxLength: 3 }),
    OKActions: fc.array(text, { maxLength: 3 }),
    StateReason: text,
    SomethingNew: fc.jsonValue(),
  }, { requiredKeys: ["AlarmName", "StateValue"] });
  let page: unknown;
  await using server = wire(() => json(page));
  const client = await server.aws.cloudWatch();
  await fc.assert(
    fc.asyncProperty(fc.array(alarm, { maxLength: 5 }), async (MetricAlarms) => {
      page = { MetricAlarms };
      const ours = await fleetAlarms(server.aws, "kas");
      const theirs = await client.send(new DescribeAlarmsCommand({}));
      assertEquals(
        ours.map(({ name, state, threshold, period, changed, metric, statistic, reason }) => (
          { name, state, threshold, period, changed, metric, statistic, reason }
        )),
        (theirs.MetricAlarms ?? []).filter(({ AlarmName }) => AlarmName !== "kas:other").map((it) => ({
          name: it.AlarmName ?? "",
          state: it.StateValue ?? "OK",
          threshold: it.Threshold ?? NaN,
          period: it.Period ?? 0,
          changed: (it.StateTransitionedTimestamp ?? it.StateUpdatedTimestamp)?.getTime() ?? 0,
          metric: {
            namespace: it.Namespace ?? "",
            name: it.MetricName ?? "",
            dimensions: Object.fromEntries((it.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])),
          },
          statistic: it.Statistic ?? "",
          reason: it.StateReason ?? "",
        })),
      );
    }),
    { numRuns: 100 },
  );
});

Deno.test("readAlarmPage() refuses every beginning of a page, so that some alarms are never told for all of them", () => {
  const page = JSON.stringify({ MetricAlarms: [{ AlarmName: "kas:cpuhigh:i-1" }], NextToken: "t" });
  assertEquals(readAlarmPage(page), { alarms: [{ AlarmName: "kas:cpuhigh:i-1" }], next: "t" });
  for (let length = 0; length < page.length; length++) {
    assertThrows(() => readAlarmPage(page.slice(0, length)), UnreachableError, "it is no JSON");
  }
});

for (const body of ["null", "5", "[]", "{}", `{"MetricAlarms": {}}`, "<html></html>"]) {
  Deno.test(`an answer of status 200 that is ${body} is tried again, and then no set of alarms`, async () => {
    await using server = wire(() => new Response(body));
    await assertRejects(
      () => fleetAlarms(server.aws, "kas"),
      UnreachableError,
      "CloudWatch's answer can't be read",
    );
    assertEquals(server.calls.length, 3);
  });
}
