import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { latestCpu, type MeasuredInstance } from "../../../../src/aws/cloudwatch/cpu.ts";
import { describeError } from "../../../../src/aws/error_messages.ts";
import { IncompleteAnswerError } from "../../../../src/aws/errors.ts";
import { json, wire } from "../wire.ts";

function detailed(...ids: readonly string[]): MeasuredInstance[] {
  return ids.map((id) => ({ id, monitoring: "detailed" }));
}

/** The result of a metric without datapoints. */
const NONE: { StatusCode: string; Timestamps: number[]; Values: number[] } = {
  StatusCode: "Complete",
  Timestamps: [],
  Values: [],
};

Deno.test("latestCpu() returns the newest datapoints, and reads 500 instances per call", async () => {
  const now = Date.UTC(2026, 10, 23, 22);
  const instances = detailed(...Array.from({ length: 501 }, (_, i) => `i-${i}`));
  await using server = wire(({ input }) => {
    const queries = input["MetricDataQueries"] as {
      Id: string;
      MetricStat: { Metric: { Dimensions: { Value: string }[] } };
    }[];
    // i-1 has no datapoint.
    const results = queries.map(({ Id, MetricStat }) =>
      MetricStat.Metric.Dimensions[0]?.Value === "i-1" ? { ...NONE, Id } : {
        Id,
        StatusCode: "PartialData",
        Timestamps: [(now - 60_000) / 1_000, (now - 120_000) / 1_000],
        Values: [90, 10],
      }
    );
    if (queries.length === 1) results.forEach((result) => result.StatusCode = "Complete");
    // The second page of the first batch has older datapoints, and completes what was partial.
    const older = results.map(({ Id, Timestamps }) =>
      Timestamps.length === 0 ? { ...NONE, Id } : { Id, StatusCode: "Complete", Timestamps: [0], Values: [1] }
    );
    if (input["NextToken"] !== undefined) return json({ MetricDataResults: older });
    return json({ MetricDataResults: results, ...(queries.length > 1 ? { NextToken: "t" } : {}) });
  });
  const latest = await latestCpu(server.aws, instances, 60, undefined, now);
  assertEquals(latest.get("i-0"), { percent: 90, at: now - 60_000 });
  assertEquals(latest.get("i-500"), { percent: 90, at: now - 60_000 });
  assertEquals(latest.has("i-1"), false);
  assertEquals(latest.size, 500);
  const sizes = server.calls.map(({ input }) => (input["MetricDataQueries"] as unknown[]).length);
  assertEquals(sizes.toSorted((a, b) => b - a), [500, 500, 1]);
  const { StartTime, EndTime, ScanBy } = server.calls[0]?.input ?? {};
  assertEquals([StartTime, EndTime, ScanBy], [now / 1_000 - 6 * 60, now / 1_000, "TimestampDescending"]);
});

Deno.test("latestCpu() makes four calls concurrently, and no further calls after a failure", async () => {
  let [inProgress, most] = [0, 0];
  const instances = detailed(...Array.from({ length: 500 * 12 }, (_, i) => `i-${i}`));
  const four = Promise.withResolvers<void>();
  await using server = wire(async (_, i) => {
    most = Math.max(most, ++inProgress);
    if (inProgress === 4) four.resolve();
    await four.promise;
    inProgress--;
    if (i === 4) return new Response("{}", { status: 400 });
    return json({ MetricDataResults: Array.from({ length: 500 }, (_, i) => ({ ...NONE, Id: `i${i}` })) });
  });
  await assertRejects(() => latestCpu(server.aws, instances, 60));
  assertEquals(most, 4);
  assert(server.calls.length < 12, `${server.calls.length} calls`);
});

Deno.test("latestCpu() makes no call without instances", async () => {
  await using server = wire(() => json({}));
  assertEquals((await latestCpu(server.aws, [], 60)).size, 0);
  assertEquals(server.calls, []);
});

const READ = { ...NONE, Id: "i0" };

for (
  const [what, answer, reason] of [
    [
      "CloudWatch failed for",
      [READ, { ...NONE, Id: "i1", StatusCode: "InternalError" }],
      /i-2.*InternalError/,
    ],
    ["may not be read", [READ, { ...NONE, Id: "i1", StatusCode: "Forbidden" }], /i-2.*Forbidden/],
    [
      "has a part that is missing",
      [READ, { ...NONE, Id: "i1", StatusCode: "PartialData", Values: [12], Timestamps: [1_795_000_000] }],
      /i-2.*PartialData/,
    ],
    ["is absent from the answer", [READ], /i-2.*no result/],
    [
      "has a message of its own",
      [READ, {
        ...NONE,
        Id: "i1",
        StatusCode: "InternalError",
        Messages: [{ Code: "E", Value: "try again" }],
      }],
      /i-2.*try again/,
    ],
  ] as const
) {
  Deno.test(`latestCpu() fails if a metric ${what}`, async () => {
    await using server = wire(() => json({ MetricDataResults: answer }));
    const error = await assertRejects(
      () => latestCpu(server.aws, detailed("i-1", "i-2"), 60),
      IncompleteAnswerError,
    );
    assertMatch(describeError(error).message, reason);
  });
}

Deno.test("latestCpu() reports the message of a response that lacks metrics", async () => {
  const Messages = [{ Code: "MaxMetricsExceeded", Value: "Maximum number of allowed metrics exceeded" }];
  await using server = wire(() => json({ MetricDataResults: [READ], Messages }));
  await assertRejects(
    () => latestCpu(server.aws, detailed("i-1", "i-2"), 60),
    IncompleteAnswerError,
    "Maximum number",
  );
});

/**
 * Calls `latestCpu()` every minute for an hour, for an instance with a datapoint every `width` s. Returns the results.
 */
async function looks(instance: MeasuredInstance, width: number, delay: number) {
  const start = Date.UTC(2026, 10, 23, 12);
  let now = start;
  await using server = wire(({ input }) => {
    const [from, to] = [Number(input["StartTime"]), Number(input["EndTime"])];
    const times: number[] = [];
    for (let at = start / 1_000 - 7_200; at + width + delay <= now / 1_000; at += width) {
      if (at >= from && at < to) times.unshift(at);
    }
    return json({ MetricDataResults: [{ ...READ, Timestamps: times, Values: times.map(() => 65) }] });
  });
  const ages: (number | undefined)[] = [];
  for (let minute = 0; minute < 60; minute++, now += 60_000) {
    const found = (await latestCpu(server.aws, [instance], 60, undefined, now)).get(instance.id);
    ages.push(found && (now - found.at) / 1_000);
  }
  return ages;
}

for (const [monitoring, width] of [["basic", 300], ["detailed", 60]] as const) {
  Deno.test(`with ${monitoring} monitoring, latestCpu() finds the newest datapoint if datapoints arrive 0 to 180 s late`, async () => {
    for (const delay of [0, 60, 90, 180]) {
      for (const age of await looks({ id: "i-1", monitoring }, width, delay)) {
        assert(age !== undefined && age <= 2 * width + delay, `${age} s old`);
      }
    }
  });
}

Deno.test("latestCpu() reads older datapoints only for instances with basic monitoring", async () => {
  const now = Date.UTC(2026, 10, 23, 22);
  await using server = wire(() => json({ MetricDataResults: [READ] }));
  await latestCpu(server.aws, [...detailed("i-1"), { id: "i-2", monitoring: "basic" }], 60, undefined, now);
  const spans = server.calls.map(({ input }) => Number(input["EndTime"]) - Number(input["StartTime"]));
  assertEquals(spans.toSorted((a, b) => a - b), [360, 900]);
});
