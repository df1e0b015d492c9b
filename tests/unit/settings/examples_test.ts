import { assertEquals } from "@std/assert";
import { parseConfigFile } from "../../../src/settings/config_file.ts";
import { type Setting, SETTINGS } from "../../../src/settings/settings.ts";

const EXAMPLES = new URL("../../../examples/", import.meta.url);

Deno.test("each config file of the examples is valid, and one has the defaults of --policies adaptive", async () => {
  const all: Readonly<Record<string, Setting<unknown>>> = SETTINGS;
  const policies: unknown[] = [];
  for await (const folder of Deno.readDir(EXAMPLES)) {
    for await (const { name: file } of Deno.readDir(new URL(folder.name, EXAMPLES))) {
      if (!file.endsWith(".json")) continue;
      const { shared } = parseConfigFile(
        await Deno.readTextFile(new URL(`${folder.name}/${file}`, EXAMPLES)),
      );
      for (const [name, text] of Object.entries(shared)) {
        const value = await all[name]?.parse(text);
        if (name === "policies") policies.push(value);
      }
    }
  }
  assertEquals(policies, [await SETTINGS.policies.parse("adaptive")]);
});
