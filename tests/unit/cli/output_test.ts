import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type Cell, cellText, type Format, Output, type Row } from "../../../src/cli/output.ts";
import { displayWidth } from "../../../src/cli/text.ts";
import { captured } from "./captured.ts";

function output(
  format: Format,
  more: { header?: boolean; quiet?: boolean; verbose?: boolean; color?: boolean } = {},
) {
  const { header = true, quiet = false, verbose = false, color = false } = more;
  const { terminal, out, err } = captured({ color, interactiveError: color, columns: 20 });
  return { output: new Output(terminal, { format, header, quiet, verbose }), out, err };
}

const ROWS: Row[] = [
  { id: "i-1", name: "web", count: 3, up: true },
  { id: "i-22", name: "", count: undefined, up: false },
];
const COLUMNS = ["id", "name", "count", "up"];

Deno.test("table() aligns cells under upper-case names, and prints - for an empty cell", async () => {
  const { output: o, out } = output("table");
  await o.table(COLUMNS, ROWS);
  assertEquals(out(), "ID    NAME  COUNT  UP\ni-1   web   3      yes\ni-22  -     -      no\n");
});

Deno.test("table() prints TSV as a header and one line per row, and --no-header omits the header", async () => {
  const { output: o, out } = output("tsv");
  await o.table(COLUMNS, ROWS);
  assertEquals(out(), "id\tname\tcount\tup\ni-1\tweb\t3\tyes\ni-22\t-\t-\tno\n");
  const bare = output("tsv", { header: false });
  await bare.output.table(["id"], ROWS);
  assertEquals(bare.out(), "i-1\ni-22\n");
});

Deno.test("table() prints JSON as one array of objects with all columns, and null for an absent cell", async () => {
  const { output: o, out } = output("json");
  await o.table(["id", "count", "up"], ROWS);
  assertEquals(JSON.parse(out()), [
    { id: "i-1", count: 3, up: true },
    { id: "i-22", count: null, up: false },
  ]);
  const none = output("json");
  await none.output.table(["id"], []);
  assertEquals(none.out(), "[]\n");
});

const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom("\t", "\r", "\n", "\v", "\f", "\0", "\x1b", "\x85", "\u2028", " ", "a"),
  }),
  fc.integer(),
  fc.boolean(),
  fc.constant(undefined),
  fc.constant(null),
);

Deno.test("the columns of TSV output do not shift, whatever text a cell contains", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ a: cell, b: cell, c: cell })), async (rows) => {
    const { output: o, out } = output("tsv");
    await o.table(["a", "b", "c"], rows);
    const lines = out().split("\n");
    assertEquals(lines.length, rows.length + 2);
    for (const line of lines.slice(0, -1)) {
      const fields = line.split("\t");
      assertEquals(fields.length, 3);
      assert(fields.every((field) => /^\S(.*\S)?$/s.test(field)), JSON.stringify(line));
    }
  }));
});

Deno.test("JSON output is valid and keeps the values, whatever text a cell contains", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ a: cell, b: cell })), async (rows) => {
    const { output: o, out } = output("json");
    await o.table(["a", "b"], rows);
    assertEquals(JSON.parse(out()), rows.map(({ a, b }) => ({ a: a ?? null, b: b ?? null })));
  }));
});

Deno.test("table() prints no control character of a cell on the terminal", () => {
  assertEquals(cellText("a\x1b[31mb\tc\r\nd"), "a [31mb c d");
  assertEquals(cellText(" \t "), "-");
});

Deno.test("table() aligns columns that contain wide characters", async () => {
  const { output: o, out } = output("table", { header: false });
  await o.table(["a", "b"], [{ a: "名前", b: "x" }, { a: "née", b: "x" }, { a: "👩‍👩‍👧", b: "x" }, {
    a: "ｶﾅ",
    b: "x",
  }]);
  const before = out().trimEnd().split("\n").map((line) => displayWidth(line.slice(0, line.indexOf("x"))));
  assertEquals(before, [6, 6, 6, 6]);
  const widths: [string, number][] = [["abc", 3], ["名前", 4], ["e\u0301", 1], ["👍", 2], ["❤️", 2], [
    "ｶﾅ",
    2,
  ], ["a\u200bb", 2]];
  for (const [text, width] of widths) assertEquals(displayWidth(text), width, text);
});

/** Returns rows, and a function that returns how many rows table() has read. */
function counted(length: number) {
  let taken = 0;
  function* rows(): Generator<Row> {
    for (; taken < length; taken++) yield { n: taken };
  }
  return { rows, taken: () => taken };
}

Deno.test("table() prints 10,000 rows as they arrive", async () => {
  for (const [format, most] of [["tsv", 1], ["json", 1], ["table", 1_000]] as const) {
    const { rows, taken } = counted(10_000);
    let firstAt: number | undefined;
    let lines = 0;
    const { terminal } = captured({
      write: (text) => {
        lines += text.split("\n").length - 1;
        if (/\d/.test(text)) firstAt ??= taken();
      },
    });
    await new Output(terminal, { format, header: false, quiet: false, verbose: false }).table(["n"], rows());
    assert(firstAt !== undefined && firstAt <= most, `${format}: first row printed after ${firstAt}`);
    assert(lines >= 10_000, `${format}: ${lines} lines`);
  }
});

Deno.test("if reading rows fails, table() completes the output: valid JSON, or a whole table", async () => {
  function* broken(): Generator<Row> {
    yield { id: "i-1" };
    throw new RangeError("no more");
  }
  for (
    const [format, expected] of [["json", '[\n  {"id":"i-1"}\n]\n'], ["table", "ID\ni-1\n"], [
      "tsv",
      "id\ni-1\n",
    ]] as const
  ) {
    const { output: o, out } = output(format);
    await assertRejects(() => o.table(["id"], broken()), RangeError);
    assertEquals(out(), expected);
  }
});

Deno.test("notes, details and errors go to stderr, and --quiet omits everything except errors", () => {
  const said = (more: Parameters<typeof output>[1]) => {
    const { output: o, out, err } = output("tsv", more);
    o.note("note");
    o.detail("detail");
    o.error("two\nlines");
    o.progress("progress");
    assertEquals(out(), "");
    return err();
  };
  assertEquals(said({}), "note\nkas: two lines\n");
  assertEquals(said({ verbose: true }), "note\ndetail\nkas: two lines\n");
  assertEquals(said({ quiet: true, verbose: true }), "kas: two lines\n");
});

Deno.test("progress remains on the terminal while rows go to a file, and is cleared at the end", async () => {
  for (const interactive of [true, false]) {
    const { terminal, err } = captured({ color: true, interactive });
    const o = new Output(terminal, { format: "tsv", header: true, quiet: false, verbose: false });
    o.progress("step 1");
    await o.table(["id"], []);
    assertEquals(err(), interactive ? "\r\x1b[Kstep 1\r\x1b[K" : "\r\x1b[Kstep 1");
    o.end();
    assertEquals(err(), "\r\x1b[Kstep 1\r\x1b[K");
  }
});

Deno.test("hint() prints only to a terminal", () => {
  for (const interactiveError of [true, false]) {
    const { terminal, err } = captured({ interactiveError });
    new Output(terminal, { format: "tsv", header: true, quiet: false, verbose: false }).hint("Next: this");
    assertEquals(err(), interactiveError ? "Next: this\n" : "");
  }
});

Deno.test("confirm() returns true only for yes, and undefined without a terminal", async () => {
  const { signal } = new AbortController();
  for (
    const [answer, expected] of [["y", true], ["Yes \n", true], ["", false], ["n", false], [
      "yep",
      false,
    ]] as const
  ) {
    const { terminal, err } = captured({ answer });
    const o = new Output(terminal, { format: "tsv", header: true, quiet: true, verbose: false });
    assertEquals(await o.confirm("Stop i-1?", signal), expected, answer);
    assertEquals(err(), "Stop i-1? [y/N] ");
  }
  assertEquals(await output("tsv").output.confirm("Stop?", signal), undefined);
});
