import { assert, assertEquals } from "@std/assert";
import { filesUnder, ROOT } from "./imports.ts";

/** Entries that a folder of src may have. */
const MOST_ENTRIES = 14;
/** Lines that a file may have without a reason in its header. */
const MOST_LINES = 300;
/** Lines that at least half of the files in src do not exceed. */
const MEDIAN = 110;

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

/** How many entries a folder and those in it have, by path. */
async function entries(folder: string): Promise<[string, number][]> {
  const found = await Array.fromAsync(Deno.readDir(new URL(folder, ROOT)));
  const folders = found.filter(({ isDirectory }) => isDirectory);
  const inside = await Promise.all(folders.map(({ name }) => entries(`${folder}/${name}`)));
  return [[folder, found.length], ...inside.flat()];
}

Deno.test("no folder in src has more than 14 entries", async () => {
  const all = await entries("src");
  assert(all.length > 20, "src has hardly any folders: the rule would check nothing");
  assertEquals(all.filter(([, size]) => size > MOST_ENTRIES), []);
});

Deno.test("no file in src has more than 300 lines, unless its header contains a line `Size: why`", async () => {
  const over = (await sizes()).filter(({ lines, header }) =>
    lines > MOST_LINES && !/^ \* Size: \S/m.test(header)
  );
  assertEquals(over.map(({ file }) => file), []);
});

Deno.test("half of the files in src have at most 110 lines", async () => {
  const lines = (await sizes()).map(({ lines }) => lines).toSorted((a, b) => a - b);
  const median = lines[Math.floor(lines.length / 2)] ?? 0;
  assert(median > 0 && median <= MEDIAN, `the median is ${median} lines`);
});
