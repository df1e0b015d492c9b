/**
 * Tests the output of `kas admin`. Tables and help must be equal to golden files. TSV and JSON must contain the same rows.
 *
 * Golden files contain columns, names, ids, numbers and statuses, but no sentences. After an intended change, write the files again
 * and read the differences before you commit:
 * `KAS_GOLDEN=write deno test -A tests/integration/admin/golden_test.ts && git diff tests/integration/admin/testdata/golden`.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { commandOf, commands } from "../../unit/admin/tree.ts";
import { masked, namesIn, tableIn, unmeasured } from "./printed_table.ts";
import { commandLines, FOLDER, helpPages, type Printed, runCommands, runText } from "./transcript.ts";

/** Compares a text with a golden file. If KAS_GOLDEN is "write", writes the text to the file instead. */
async function assertGolden(name: string, text: string): Promise<void> {
  const path = new URL(name, FOLDER);
  if (Deno.env.get("KAS_GOLDEN") === "write") await Deno.writeTextFile(path, text);
  assertEquals(text, await Deno.readTextFile(path));
}

/** Returns the part of a golden file for one command: its stdout, the lines of its stderr, and its exit status if this is not 0. */
function golden({ line, status, out, err }: Printed): string {
  const errors = err.split("\n").filter(Boolean).map((text) => `! ${namesIn(text)}`.trimEnd() + "\n").join(
    "",
  );
  return `$ ${line}\n${out}${errors}${status === 0 ? "" : `[status ${status}]\n`}`;
}

/** Returns only the headings of a text: the lines in capital letters. The actions of a dry run are not changed. */
function outline(text: string, line: string): string {
  if (tableIn(text, "table") !== undefined || line.includes("--dry-run")) return masked(text);
  return text.split("\n").filter((each) => /^[A-Z][A-Z ]+$/.test(each)).map((each) => `${each}\n`).join("");
}

Deno.test("each admin command prints the table in its golden file, and the same rows as TSV and as JSON", async () => {
  const [table, tsv, json] = await Promise.all([
    runCommands("table"),
    runCommands("tsv"),
    runCommands("json"),
  ]);
  for (const [i, asTable] of table.entries()) {
    const [asTsv, asJson] = [tsv[i], json[i]];
    assert(asTsv !== undefined && asJson !== undefined);
    assertSameResult(asTable, asTsv, asJson);
  }
  await assertGolden(
    "table.txt",
    table.map((it) => golden({ ...it, out: outline(it.out, it.line) })).join("\n"),
  );
});

/** Asserts that a command has the same exit status, stderr and rows in each output format. */
function assertSameResult(table: Printed, tsv: Printed, json: Printed): void {
  const { line } = table;
  assertEquals([tsv.status, tsv.err], [table.status, table.err], line);
  assertEquals([json.status, json.err], [table.status, table.err], line);
  const expected = tableIn(table.out, "table");
  if (table.out === "" && json.out === "") return;
  const objects = tableIn(json.out, "json");
  if (expected === undefined) {
    // A dry run prints each action as a line of text, and in JSON as an object.
    assertEquals(tsv.out, table.out, line);
    if (objects === undefined) return;
    const actions = table.out.split("\n").filter(Boolean);
    assertEquals(
      objects,
      { columns: actions.length > 0 ? ["action"] : [], rows: actions.map((it) => [it]) },
      line,
    );
    return;
  }
  assertEquals(unmeasured(tableIn(tsv.out, "tsv") ?? { columns: [], rows: [] }), unmeasured(expected), line);
  assert(objects !== undefined, line);
  if (expected.rows.length === 0) return assertEquals(objects.rows, [], line);
  // After the columns of the table, the JSON objects may contain more keys.
  const n = expected.columns.length;
  const shown = {
    columns: objects.columns.slice(0, n),
    rows: objects.rows.map((cells) => cells.slice(0, n)),
  };
  assertEquals(unmeasured(shown), unmeasured(expected), line);
}

Deno.test("an admin command that prints text prints the same text in every output format", async () => {
  const all: string[] = [];
  for (const line of await commandLines("texts")) {
    const printed = await runText(line, "table");
    assertEquals(await runText(line, "tsv"), printed);
    assertEquals(await runText(line, "json"), printed);
    if (!line.includes(" completions ")) all.push(golden(printed));
  }
  await assertGolden("texts.txt", all.join("\n"));
});

Deno.test("every admin command is in one of the two lists of the golden test", async () => {
  const written = [...await commandLines("commands"), ...await commandLines("texts")]
    .filter((line) => line.startsWith("kas "));
  const run = new Set(await Promise.all(written.map((line) => commandOf(line.split(" ").slice(1)))));
  assertEquals([...(await commands()).keys()].filter((path) => !run.has(path)), []);
});

Deno.test("each admin command prints the help text in its golden file", async () => {
  const pages = await helpPages();
  for (const { line, status } of pages) assertEquals(status, 0, line);
  await assertGolden("help.txt", pages.map(({ line, out }) => `$ ${line}\n${out}`).join("\n"));
});
