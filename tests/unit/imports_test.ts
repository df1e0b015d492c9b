import { assert, assertEquals } from "@std/assert";

/** Which parts a part may import: arrows point down (docs/architecture.md). */
const MAY_IMPORT: Record<string, readonly string[]> = {
  main: ["version", "worker", "autoscaler", "admin", "cli", "settings"],
  worker: ["version", "cli", "settings", "log", "process"],
  autoscaler: ["version", "runtime", "sns", "aws", "scaling", "cli", "settings", "log", "process"],
  admin: ["runtime", "autoscaler", "sandbox", "provision", "sns", "aws", "scaling", "cli", "settings", "log"],
  provision: ["aws", "scaling", "cli", "settings", "log"],
  sns: ["scaling"],
  aws: ["runtime", "scaling"],
  scaling: [],
  sandbox: [],
  cli: [],
  settings: ["cli"],
  log: [],
  process: [],
  runtime: [],
  version: [],
};

const ROOT = new URL("../../", import.meta.url);

interface Dependency {
  readonly specifier: string;
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
}

interface Graph {
  readonly modules: readonly { readonly specifier: string; readonly dependencies?: readonly Dependency[] }[];
}

async function graphOf(entry: string): Promise<Graph> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--quiet", new URL(entry, ROOT).pathname],
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** `src/aws/clients.ts` → `aws`, `src/log.ts` → `log`, undefined for what is not ours. */
function part(specifier: string): string | undefined {
  if (!specifier.startsWith(ROOT.href)) return undefined;
  const path = specifier.slice(ROOT.href.length);
  if (path === "main.ts") return "main";
  return /^src\/(\w+)(?:\/|\.ts$)/.exec(path)?.[1];
}

/** Arrows between parts that the rule forbids, `aws → cli: src/aws/x.ts imports src/cli/y.ts`. */
function forbidden(graph: Graph): string[] {
  return graph.modules.flatMap(({ specifier, dependencies }) => {
    const from = part(specifier);
    if (from === undefined) return [];
    return (dependencies ?? []).flatMap(({ code, type }) => {
      const target = code?.specifier ?? type?.specifier ?? "";
      const to = part(target);
      if (to === undefined || to === from || MAY_IMPORT[from]?.includes(to)) return [];
      const short = (href: string) => href.slice(ROOT.href.length);
      return [`${from} → ${to}: ${short(specifier)} imports ${short(target)}`];
    });
  });
}

Deno.test("imports point down", async () => {
  const graph = await graphOf("main.ts");
  const parts = new Set(graph.modules.map(({ specifier }) => part(specifier)));
  for (const name of ["worker", "autoscaler", "admin", "sandbox", "aws", "scaling"]) {
    assert(parts.has(name), `${name} is not in the graph: the rule would check nothing`);
  }
  assertEquals(forbidden(graph), []);
});

Deno.test("the import rule finds an arrow that points up", () => {
  const up: Graph = {
    modules: [{
      specifier: new URL("src/scaling/decide.ts", ROOT).href,
      dependencies: [{
        specifier: "../aws/clients.ts",
        code: { specifier: new URL("src/aws/clients.ts", ROOT).href },
      }],
    }],
  };
  assertEquals(forbidden(up), ["scaling → aws: src/scaling/decide.ts imports src/aws/clients.ts"]);
});

Deno.test("only src/aws imports the AWS SDK", async () => {
  const graph = await graphOf("main.ts");
  const importers = graph.modules.filter(({ dependencies }) =>
    dependencies?.some(({ specifier }) => /^@(aws-sdk|smithy)\//.test(specifier))
  ).map(({ specifier }) => part(specifier) ?? specifier);
  assert(importers.length > 0, "nothing imports the AWS SDK: the rule would check nothing");
  assertEquals([...new Set(importers)], ["aws"]);
});

Deno.test("src/scaling is pure: no Deno, network, clock or randomness", async () => {
  const impure =
    /\bDeno\b|\bfetch\(|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bcrypto\b|\bsetTimeout\b|\bperformance\b/;
  const found: string[] = [];
  let files = 0;
  for (const path of await filesUnder("src/scaling")) {
    files++;
    const code = (await Deno.readTextFile(new URL(path, ROOT))).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    const match = impure.exec(code)?.[0];
    if (match !== undefined) found.push(`${path}: ${match}`);
  }
  assert(files > 0, "src/scaling has no files: the rule would check nothing");
  assertEquals(found, []);
});

/** The TypeScript files under a folder, relative to the project. */
async function filesUnder(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) paths.push(...await filesUnder(`${folder}/${name}`));
    else if (name.endsWith(".ts")) paths.push(`${folder}/${name}`);
  }
  return paths;
}
