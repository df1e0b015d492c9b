import { assert, assertEquals } from "@std/assert";
import { filesUnder, ROOT } from "./imports.ts";

/** Entries that a folder of src may have. */
const MOST_ENTRIES = 14;
/** Lines that a file may have without a reason in its header. */
const MOST_LINES = 300;
/** Lines that at least half of the files in src do not exceed. */
const MEDIAN = 110;

/** Files and folders that are over the bounds today, to be taken apart. */
const KNOWN = new Set([
  "src/autoscaler/lifecycle/runner.ts",
  "src/autoscaler/lifecycle/ways.ts",
]);

/** How many lines each file of src has. */
async function sizes(): Promise<
  { readonly file: string; readonly lines: number; readonly header: string }[]
> {
  return await Promise.all((await filesUnder("src")).map(async (file) => {
    const text = await Deno.readTextFile(new URL(file, ROOT));
    const header = /^\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? "";
    return { file, lines: text.split("\n").length - 1, header };
  }));
}

Deno.test("no folder in src has more than 14 entries", async () => {
  const entries = new Map<string, Set<string>>();
  for (const file of await filesUnder("src")) {
    const parts = file.split("/");
    for (const [i, name] of parts.entries()) {
      const folder = parts.slice(0, i).join("/");
      entries.set(folder, (entries.get(folder) ?? new Set()).add(name));
    }
  }
  assert(entries.size > 20, "src has hardly any folders: the rule would check nothing");
  const over = [...entries].filter(([folder, { size }]) => folder !== "" && size > MOST_ENTRIES).map((
    [folder],
  ) => folder);
  assertEquals(over.filter((folder) => !KNOWN.has(folder)), []);
});

Deno.test("no file in src has more than 300 lines without a line `Size: why` in its header", async () => {
  const over = (await sizes()).filter(({ lines, header }) =>
    lines > MOST_LINES && !/^ \* Size: \S/m.test(header)
  );
  assertEquals(over.map(({ file }) => file).filter((file) => !KNOWN.has(file)), []);
});

Deno.test("half of the files in src have at most 110 lines", async () => {
  const lines = (await sizes()).map(({ lines }) => lines).toSorted((a, b) => a - b);
  const median = lines[Math.floor(lines.length / 2)] ?? 0;
  assert(median > 0 && median <= MEDIAN, `the median is ${median} lines`);
});
