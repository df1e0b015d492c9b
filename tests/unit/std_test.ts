import { assertEquals } from "@std/assert";
import denoJson from "../../deno.json" with { type: "json" };

Deno.test("src/build/std.d.ts declares only exports that the std package has", async () => {
  const declarations = await Deno.readTextFile(new URL("../../src/build/std.d.ts", import.meta.url));
  const imports: Record<string, string> = denoJson.imports;
  const missing: string[] = [];
  let module: Record<string, unknown> = {};
  let alias = "";
  for (const line of declarations.split("\n")) {
    const declared = /^declare module "(.+)"/.exec(line)?.[1];
    if (declared !== undefined) {
      alias = declared;
      const target = imports[alias];
      module = target === undefined ? {} : await import(target);
      continue;
    }
    const name = /^ {2}export (?:function|const|class) (\w+)/.exec(line)?.[1];
    if (name !== undefined && module[name] === undefined) missing.push(`${alias} ${name}`);
  }
  assertEquals(missing, []);
});

Deno.test("src/build/std.d.ts declares every @std module that deno.json maps", async () => {
  const declarations = await Deno.readTextFile(new URL("../../src/build/std.d.ts", import.meta.url));
  const mapped = Object.keys(denoJson.imports).filter((alias) => alias.startsWith("@std/"));
  assertEquals(mapped.filter((alias) => !declarations.includes(`declare module "${alias}"`)), []);
});
