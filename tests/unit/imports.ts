/**
 * The project's files and the imports among them, as the tests of its structure read them.
 *
 * @module
 */
import { assert } from "@std/assert";

/** The project's folder. */
export const ROOT = new URL("../../", import.meta.url);

/** An import of a file, for a type or for code. */
export interface Import {
  /** A path relative to the project's folder, as `src/aws/clients.ts`. */
  readonly file: string;
  /** The same of an imported file of the project; of anything else what the file has between the quotes. */
  readonly target: string;
}

/** What `deno info --json` prints of a module. */
interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
  }[];
}

/** Every import of the project's files that these entries reach, dynamic ones included. */
export async function graphOf(...entries: readonly string[]): Promise<Import[]> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(entry, entries.map((path) => `import "${new URL(path, ROOT)}";`).join("\n"));
    const config = new URL("deno.json", ROOT).pathname;
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--quiet", "--config", config, entry],
      cwd: ROOT,
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    const { modules }: { modules: readonly Module[] } = JSON.parse(new TextDecoder().decode(stdout));
    return modules.flatMap(importsOf);
  } finally {
    await Deno.remove(entry);
  }
}

function importsOf({ specifier, dependencies = [] }: Module): Import[] {
  const file = relative(specifier);
  if (file === undefined) return [];
  return dependencies.map(({ specifier, code, type }) => {
    return { file, target: relative(code?.specifier ?? type?.specifier ?? "") ?? specifier };
  });
}

/** The path of a file of the project relative to its folder; undefined for what is not the project's. */
function relative(href: string): string | undefined {
  return href.startsWith(ROOT.href) ? href.slice(ROOT.href.length) : undefined;
}

/** The part of the project that a file belongs to: `src/aws/clients.ts` → `aws`, `src/log.ts` → `log`. */
export function partOf(file: string): string | undefined {
  return file === "main.ts" ? "main" : /^src\/(\w+)(?:\/|\.ts$)/.exec(file)?.[1];
}

/**
 * The groups of files that import each other, directly or through others: the strongly connected components of the graph.
 * Source: R. Tarjan, Depth-first search and linear graph algorithms, 1972.
 */
export function cyclesOf(imports: readonly Import[]): string[][] {
  const targets = Map.groupBy(imports, ({ file }) => file);
  const order = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): number => {
    let low = order.size;
    order.set(file, low);
    stack.push(file);
    const own = low;
    for (const { target } of targets.get(file) ?? []) {
      if (!order.has(target)) low = Math.min(low, visit(target));
      else if (stack.includes(target)) low = Math.min(low, order.get(target) ?? low);
    }
    if (low === own) {
      const group = stack.splice(stack.indexOf(file));
      const importsItself = targets.get(file)?.some(({ target }) => target === file) ?? false;
      if (group.length > 1 || importsItself) cycles.push(group);
    }
    return low;
  };
  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  return cycles;
}

/** The TypeScript files under a folder, relative to the project's folder. */
export async function filesUnder(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) paths.push(...await filesUnder(`${folder}/${name}`));
    else if (name.endsWith(".ts")) paths.push(`${folder}/${name}`);
  }
  return paths;
}
