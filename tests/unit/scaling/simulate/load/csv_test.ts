import { assertEquals, assertThrows } from "@std/assert";
import { LoadRowError, readRows } from "../../../../../src/scaling/simulate/load/csv.ts";

function refuse(csv: string, message: string): void {
  assertThrows(() => readRows(csv), LoadRowError, message);
}

Deno.test("readRows() reads seconds and values, with and without a header", () => {
  const rows = [{ at: 0, value: 1 }, { at: 60, value: 2.5 }];
  assertEquals(readRows("0,1\n60,2.5\n"), rows);
  assertEquals(readRows("\ufeffseconds,value\r\n0,1\r\n\r\n60, 2.5"), rows);
});

Deno.test("readRows() reads times with and without a zone, and a time without a zone is UTC", () => {
  const at = Date.UTC(2026, 0, 31, 12) / 1_000;
  const rows = readRows('timestamp,value\n2026-01-31 12:00:00,1\n"2026-01-31T13:01:00+01:00","2"\n');
  assertEquals(rows, [{ at, value: 1 }, { at: at + 60, value: 2 }]);
});

Deno.test("readRows() names the row that is invalid, and why", () => {
  refuse("0,1\n60,x\n", 'row 2, "60,x": the second field is not a number');
  refuse("0,1\n60,NaN\n", "row 2");
  refuse("0,1\n60,1e999\n", "row 2");
  refuse("0,1\n60,-1\n", 'row 2, "60,-1": the value is negative');
  refuse("0,1\n60\n", "expected 2 fields, got 1");
  refuse("0,1\nlater,1\n", "neither a number of seconds nor a time");
  refuse("0,1\n2026-02-30 00:00:00,1\n", "neither a number of seconds nor a time");
  refuse("0,1\n0,2\n", "its time is that of the row before");
  refuse("60,1\n0,2\n", "it is older than the row before");
  refuse("seconds,value\nseconds,value\n0,1\n", "row 2");
  refuse("0,1\n8640001,2\n", "more than 100 days after the first row");
});

Deno.test("readRows() refuses a first row that looks like data but is none, and a file with less than two rows", () => {
  refuse("O,1\n60,2\n", 'row 1, "O,1"');
  refuse("seconds,value\n0,1\n", "at least 2 rows");
  refuse("", "at least 2 rows");
});

Deno.test("readRows() shows only the beginning of a long row", () => {
  const [message = ""] = [1].map(() => {
    try {
      readRows(`0,1\n${"9".repeat(100_000)},1\n`);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  });
  assertEquals(message.length < 300, true, message.slice(0, 400));
});
