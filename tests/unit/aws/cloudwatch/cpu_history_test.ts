import { assertEquals, assertRejects } from "@std/assert";
import { cpuHistory } from "../../../../src/aws/cloudwatch/cpu_history.ts";
import { IncompleteAnswerError } from "../../../../src/aws/errors.ts";
import { json, wire } from "../wire.ts";

const FROM = Date.UTC(2026, 10, 1);
const TIME = { from: FROM, to: FROM + 180_000, signal: new AbortController().signal };
const INSTANCES = [{ id: "i-1" }, { id: "i-2" }];

/** A result with a datapoint a minute. */
function result(id: string, minutes: readonly number[], status: string): Record<string, unknown> {
  return {
    Id: id,
    StatusCode: status,
    Timestamps: minutes.map((minute) => FROM / 1_000 + 60 * minute),
    Values: minutes.map((minute) => 10 * minute),
  };
}

Deno.test("cpuHistory() reads all pages, and says of which instance the datapoints are", async () => {
  await using server = wire(({ input }) =>
    json(
      input["NextToken"] === undefined
        ? {
          MetricDataResults: [result("i0", [0, 1], "PartialData"), result("i1", [], "PartialData")],
          NextToken: "t",
        }
        : { MetricDataResults: [result("i0", [2], "Complete"), result("i1", [1], "Complete")] },
    )
  );
  const found = (await Array.fromAsync(cpuHistory(server.aws, INSTANCES, TIME)))
    .flatMap(({ instance, points }) =>
      points.map(({ at, value }) => [instance.id, (at - FROM) / 60_000, value])
    );
  assertEquals(found, [["i-1", 0, 0], ["i-1", 1, 10], ["i-1", 2, 20], ["i-2", 1, 10]]);
  const [{ input = {} } = {}] = server.calls;
  assertEquals([input["StartTime"], input["EndTime"], input["ScanBy"]], [
    FROM / 1_000,
    FROM / 1_000 + 180,
    "TimestampAscending",
  ]);
});

Deno.test("cpuHistory() fails if CloudWatch did not read an instance", async () => {
  await using server = wire(() => json({ MetricDataResults: [result("i0", [0], "Complete")] }));
  await assertRejects(
    () => Array.fromAsync(cpuHistory(server.aws, INSTANCES, TIME)),
    IncompleteAnswerError,
    "i-2",
  );
});
