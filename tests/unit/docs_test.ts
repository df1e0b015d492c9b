import { assertEquals } from "@std/assert";
import { commandsPage, doctorPage, pricesPage, schemaFile, settingsPage } from "../../docs/generate.ts";

Deno.test("docs/settings.md is equal to the output of deno task docs", async () => {
  assertEquals(await Deno.readTextFile(new URL("../../docs/settings.md", import.meta.url)), settingsPage());
});

Deno.test("docs/kas.schema.json is equal to the output of deno task docs", async () => {
  assertEquals(await Deno.readTextFile(new URL("../../docs/kas.schema.json", import.meta.url)), schemaFile());
});

Deno.test("docs/doctor.md is equal to the output of deno task docs", async () => {
  assertEquals(await Deno.readTextFile(new URL("../../docs/doctor.md", import.meta.url)), doctorPage());
});

Deno.test("docs/prices.md is equal to the output of deno task docs", async () => {
  assertEquals(await Deno.readTextFile(new URL("../../docs/prices.md", import.meta.url)), pricesPage());
});

Deno.test("settingsPage() contains every name of a setting", () => {
  const page = settingsPage({
    dryRun: { help: "change nothing", env: ["KAS_DRY_RUN"], default: "false", parse: Boolean },
    region: { help: "where", placeholder: "R", env: ["KAS_REGION", "AWS_REGION"], parse: String },
  });
  const rows = page.split("\n").filter((line) => line.startsWith("| `--"));
  assertEquals(rows, [
    "| `--dry-run` | `KAS_DRY_RUN` | `false` | change nothing |",
    "| `--region R` | `KAS_REGION`, `AWS_REGION` |  | where |",
  ]);
});

Deno.test("docs/commands.md is equal to the output of deno task docs", async () => {
  assertEquals(
    await Deno.readTextFile(new URL("../../docs/commands.md", import.meta.url)),
    await commandsPage(),
  );
});
