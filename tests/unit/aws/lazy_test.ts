import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../../", import.meta.url);
const SDK = /^npm:\/?@(aws-sdk|smithy)\//;

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    /** Absent if the import is only of types. */
    readonly code?: { readonly specifier?: string };
  }[];
}

/**
 * Returns the modules that match a pattern and that `entry` imports: only by static imports (`at once`), or by any
 * imports (`ever`).
 */
async function sdkModules(entry: string, when: "at once" | "ever", pattern = SDK): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--quiet", new URL(entry, ROOT).pathname],
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: Module[] };
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const reached = new Set([new URL(entry, ROOT).href]);
  for (const specifier of reached) {
    for (const { code, isDynamic } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (code?.specifier !== undefined && (when === "ever" || !isDynamic)) reached.add(code.specifier);
    }
  }
  return [...reached].filter((specifier) => pattern.test(specifier));
}

Deno.test("kas worker never loads the AWS SDK", async () => {
  assertEquals(await sdkModules("src/worker/command.ts", "ever"), []);
});

for (const entry of ["main.ts", "src/admin/command.ts", "src/autoscaler/command.ts", "src/aws/clients.ts"]) {
  Deno.test(`${entry} loads the AWS SDK lazily`, async () => {
    assertEquals(await sdkModules(entry, "at once"), []);
  });
}

Deno.test("only kas autoscaler loads prom-client", async () => {
  const prometheus = /^npm:\/?prom-client@/;
  assertEquals(await sdkModules("src/worker/command.ts", "ever", prometheus), []);
  for (
    const entry of [
      "main.ts",
      "src/admin/command.ts",
      "src/admin/instances/scale/command.ts",
      "src/autoscaler/command.ts",
    ]
  ) {
    assertEquals(await sdkModules(entry, "at once", prometheus), [], entry);
  }
  assert((await sdkModules("main.ts", "ever", prometheus)).length > 0, "prom-client is not in the graph");
});

Deno.test("kas worker and the listing of instances do not load CEL", async () => {
  const cel = /^npm:\/?@marcbachmann\/cel-js@/;
  for (
    const entry of ["main.ts", "src/worker/command.ts", "src/admin/command.ts", "src/admin/instances/list.ts"]
  ) {
    assertEquals(await sdkModules(entry, "at once", cel), [], entry);
  }
  assert((await sdkModules("main.ts", "ever", cel)).length > 0, "CEL is not in the graph");
});

Deno.test("the pattern of this test finds the SDK's clients in the module graph of main.ts", async () => {
  const found = await sdkModules("main.ts", "ever");
  for (const name of ["ec2", "elastic-load-balancing", "cloudwatch", "sns"]) {
    assert(
      found.some((specifier) => specifier.includes(`client-${name}@`)),
      `client-${name} is not in the graph`,
    );
  }
});
