import { assert, assertEquals, assertMatch } from "@std/assert";
import { chart } from "../../../../bench/report/chart.ts";
import { cell, figure, report, tableLines } from "../../../../bench/report/report.ts";
import { measured, quantile, type Result, share } from "../../../../bench/report/result.ts";

const RESULT: Result = {
  part: "ping",
  title: "Pings",
  how: "With wrk.",
  tables: [{
    title: "",
    columns: ["server", "a second"],
    rows: [["kas", measured([3, 1, 2])], ["node", 1_234]],
  }],
  goals: [{ goal: "fast", found: "slow", met: false }],
  notes: ["gcc is absent."],
  panels: [{ title: "A < B", unit: "ms", better: "less", bars: [{ label: "kas", value: 2, ours: true }] }],
};

Deno.test("the report shows the median of a measurement with the lowest and highest value", () => {
  assertEquals(measured([3, 1, 2]), { median: 2, low: 1, high: 3, times: 3 });
  assertEquals(cell(measured([3, 1, 2])), "2 (1–3)");
  assertEquals(cell(measured([2, 2])), "2");
  assertEquals(quantile([5, 1, 4, 2, 3], 0.99), 5);
});

Deno.test("each share in the report divides two figures of the same turn", () => {
  assertEquals(share([1, 4], [2, 2]), { median: 0.5, low: 0.5, high: 2, times: 2 });
});

Deno.test("figures in the report have three significant digits", () => {
  const cases = [[0, "0"], [0.012345, "0.0123"], [1.2345, "1.23"], [12.345, "12.3"], [1234.5, "1,235"], [
    NaN,
    "–",
  ]] as const;
  for (const [value, text] of cases) assertEquals(figure(value), text);
});

Deno.test("a table of the report aligns text to the left and figures to the right", () => {
  assertEquals(RESULT.tables.flatMap(tableLines), [
    "| server | a second |",
    "|---|---:|",
    "| kas | 2 (1–3) |",
    "| node | 1,234 |",
  ]);
});

Deno.test("the report contains host, versions, reached and missed goals, tables and notes", () => {
  const setting = {
    at: "2026-01-02T03:04:05.000Z",
    machine: "2 CPUs",
    versions: { wrk: "4.1.0" },
    seconds: 600,
  };
  const text = report(setting, [RESULT]);
  for (
    const part of [
      "2026-01-02 03:04 UTC",
      "2 CPUs",
      "wrk 4.1.0",
      "| missed | fast | slow |",
      "## Pings",
      "- gcc is absent.",
    ]
  ) assert(text.includes(part), `${part} is not in\n${text}`);
});

Deno.test("the chart has a bar for each program, marks kas's bar, and escapes all text", () => {
  const svg = chart(RESULT.panels);
  assertMatch(svg, /<text class="title"[^>]*>A &lt; B<\/text>/);
  assertEquals(svg.match(/<rect class="bar own"/g)?.length, 1);
  assert(svg.includes("prefers-color-scheme: dark"));
});
