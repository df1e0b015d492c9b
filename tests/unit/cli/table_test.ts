import { assertEquals } from "@std/assert";
import { columnWidths, layOut, rowLines } from "../../../src/cli/table.ts";

const ID = "i-0123456789abcdef0";
const REASON = "Nothing is asked, as none of the six alarms asks for a step";
const ROWS = [["ID", "REASON", "SECONDS"], [ID, REASON, "1.5"]];

function table(rows: readonly (readonly string[])[], within?: number): string[] {
  const widths = columnWidths(rows, within);
  return rows.flatMap((cells) => rowLines(cells, widths, within !== undefined));
}

Deno.test("each column of a table is as wide as its widest cell", () => {
  assertEquals(table(ROWS), [
    `ID                   ${"REASON".padEnd(REASON.length)}  SECONDS`,
    `${ID}  ${REASON}  1.5`,
  ]);
});

Deno.test("on a narrow terminal the widest column wraps at spaces, so that every line fits", () => {
  assertEquals(table(ROWS, 60), [
    "ID                   REASON                          SECONDS",
    "i-0123456789abcdef0  Nothing is asked, as none of    1.5",
    "                     the six alarms asks for a step",
  ]);
});

Deno.test("a table never breaks an id or a URL: if no column can wrap, the table exceeds the width", () => {
  const words = [["NAME", "URL"], [ID, `https://example.com/${"x".repeat(40)}`]];
  assertEquals(table(words, 40), table(words));
});

Deno.test("layOut() omits only as many optional columns as necessary", () => {
  const rows = [["ID", "TYPE", "LAUNCHED", "HEALTH"], [
    ID,
    "t3.micro",
    "2026-01-01T12:00:00.000Z",
    "InService",
  ]];
  const shown = (within: number) => layOut(rows, within, [2, 1]).places.map((i) => rows[0]?.[i]);
  assertEquals(shown(66), ["ID", "TYPE", "LAUNCHED", "HEALTH"]);
  assertEquals(shown(65), ["ID", "TYPE", "HEALTH"]);
  assertEquals(shown(40), ["ID", "TYPE", "HEALTH"]);
  assertEquals(shown(39), ["ID", "HEALTH"]);
  assertEquals(shown(10), ["ID", "HEALTH"]);
});
