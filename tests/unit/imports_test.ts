import { assert, assertEquals } from "@std/assert";
import { cyclesOf, filesUnder, graphOf, type Import, partOf, ROOT } from "./imports.ts";

/** Which parts a part may import: imports point down (docs/architecture.md). */
const MAY_IMPORT: Record<string, readonly string[]> = {
  main: ["build", "worker", "autoscaler", "admin", "cli", "settings"],
  worker: ["build", "cli", "settings", "process"],
  autoscaler: ["build", "runtime", "health", "sns", "aws", "scaling", "cli", "settings", "process"],
  admin: [
    "runtime",
    "health",
    "autoscaler",
    "sandbox",
    "provision",
    "sns",
    "aws",
    "scaling",
    "schedules",
    "cli",
    "settings",
    "process",
  ],
  provision: ["aws", "scaling", "cli", "settings"],
  sns: ["scaling"],
  aws: ["runtime", "health", "scaling"],
  health: ["runtime"],
  scaling: [],
  sandbox: [],
  cli: [],
  settings: ["health", "scaling", "cli"],
  process: [],
  runtime: ["process"],
  build: [],
};

/** Imports between parts that the rule forbids, `aws → cli: src/aws/x.ts imports src/cli/y.ts`. */
function forbidden(imports: readonly Import[]): string[] {
  return imports.flatMap(({ file, target }) => {
    const from = partOf(file);
    const to = partOf(target);
    if (from === undefined || to === undefined || from === to || MAY_IMPORT[from]?.includes(to)) return [];
    return [`${from} → ${to}: ${file} imports ${target}`];
  });
}

Deno.test("modules import only modules of the same or lower layers", async () => {
  const imports = await graphOf("main.ts");
  const parts = new Set(imports.map(({ file }) => partOf(file)));
  for (const name of ["worker", "autoscaler", "admin", "sandbox", "aws", "scaling"]) {
    assert(parts.has(name), `${name} is not in the graph: the rule would check nothing`);
  }
  assertEquals(forbidden(imports), []);
});

Deno.test("the import rule reports an import from a higher layer", () => {
  const up = [{ file: "src/scaling/decide.ts", target: "src/aws/clients.ts" }];
  assertEquals(forbidden(up), ["scaling → aws: src/scaling/decide.ts imports src/aws/clients.ts"]);
});

Deno.test("no files import each other, directly or through other files, including type imports", async () => {
  const files = await Promise.all(["src", "docs", "bench", "tests"].map(filesUnder));
  const imports = await graphOf("main.ts", ...files.flat());
  assert(imports.length > 1_000, "most imports are missing: the rule would check nothing");
  const cycles = cyclesOf(imports).map((cycle) => cycle.toSorted().join(" "));
  assertEquals(cycles, []);
});

Deno.test("the rule against import cycles finds cycles of two files, of three files, and of one file", () => {
  const imports = [["a", "b"], ["b", "a"], ["b", "c"], ["c", "d"], ["d", "e"], ["e", "c"], ["f", "f"], [
    "g",
    "a",
  ]]
    .map(([file = "", target = ""]) => ({ file, target }));
  assertEquals(cyclesOf(imports).map((cycle) => cycle.toSorted()).toSorted(), [["a", "b"], ["c", "d", "e"], [
    "f",
  ]]);
});

Deno.test("only modules in src/aws import the AWS SDK", async () => {
  const importers = (await graphOf("main.ts")).filter(({ target }) => /^@(aws-sdk|smithy)\//.test(target))
    .map(({ file }) => partOf(file) ?? file);
  assert(importers.length > 0, "nothing imports the AWS SDK: the rule would check nothing");
  assertEquals([...new Set(importers)], ["aws"]);
});

Deno.test("src/scaling is pure: it uses no Deno API, network, clock or random numbers", async () => {
  const impure =
    /\bDeno\b|\bfetch\(|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bcrypto\b|\bsetTimeout\b|\bperformance\b/;
  const found: string[] = [];
  const files = await filesUnder("src/scaling");
  for (const path of files) {
    const code = (await Deno.readTextFile(new URL(path, ROOT))).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    const match = impure.exec(code)?.[0];
    if (match !== undefined) found.push(`${path}: ${match}`);
  }
  assert(files.length > 0, "src/scaling has no files: the rule would check nothing");
  assertEquals(found, []);
});

Deno.test("src/scaling imports one package, and only for the expressions of formulas", async () => {
  const packages = (await graphOf("main.ts"))
    .filter(({ file, target }) => partOf(file) === "scaling" && partOf(target) === undefined)
    .map(({ file, target }) => `${file} imports ${target}`);
  assertEquals([...new Set(packages)], ["src/scaling/policies/expression.ts imports @marcbachmann/cel-js"]);
});

Deno.test("kas loads the schema of config files and the search for firings only if the settings need them", async () => {
  const lazy =
    /^import (?!type )[^;]*"[^"]*\/(?:config_file|json_setting|policies_schema|metrics\/schema|schedules\/(?:cron|schedules|schema|windows))\.ts";/m;
  const importers: string[] = [];
  for (const path of await filesUnder("src")) {
    if (/^src\/settings\/(?:config_file\.ts|policies_schema\.ts|metrics\/|schedules\/)/.test(path)) continue;
    if (lazy.test(await Deno.readTextFile(new URL(path, ROOT)))) importers.push(path);
  }
  assertEquals(importers, []);
  assert(lazy.test('import { parseConfigFile } from "./config_file.ts";'), "the rule would check nothing");
});
