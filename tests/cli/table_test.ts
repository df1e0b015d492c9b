import { assertEquals } from "@std/assert";
import { columnWidths, rowLines } from "../../src/cli/table.ts";

const ID = "i-0123456789abcdef0";
const REASON = "Nothing is asked, as none of the six alarms asks for a step";
const ROWS = [["ID", "REASON", "SECONDS"], [ID, REASON, "1.5"]];

function table(rows: readonly (readonly string[])[], within?: number): string[] {
  const widths = columnWidths(rows, within);
  return rows.flatMap((cells) => rowLines(cells, widths, within !== undefined));
}

Deno.test("columns are as wide as their widest cell", () => {
  assertEquals(table(ROWS), [
    `ID                   ${"REASON".padEnd(REASON.length)}  SECONDS`,
    `${ID}  ${REASON}  1.5`,
  ]);
});

Deno.test("on a narrow terminal the widest column is wrapped at spaces, so that every line fits", () => {
  assertEquals(table(ROWS, 60), [
    "ID                   REASON                          SECONDS",
    "i-0123456789abcdef0  Nothing is asked, as none of    1.5",
    "                     the six alarms asks for a step",
  ]);
});

Deno.test("an id or a URL is never broken: where nothing can be wrapped the table stays as wide as it is", () => {
  const words = [["NAME", "URL"], [ID, `https://example.com/${"x".repeat(40)}`]];
  assertEquals(table(words, 40), table(words));
});
