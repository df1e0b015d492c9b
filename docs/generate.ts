/**
 * Writes docs/settings.md from the settings table: `deno task docs`. tests/docs_test.ts fails where the page is behind.
 *
 * @module
 */
import { kebab } from "../src/cli/command.ts";
import { type Setting, SETTINGS } from "../src/settings.ts";

/** The reference page of the settings as Markdown. */
export function settingsPage(settings: Readonly<Record<string, Setting<unknown>>> = SETTINGS): string {
  const rows = Object.entries(settings).map(([name, { placeholder, env, default: text, help }]) => {
    const flag = ["--" + kebab(name), placeholder].filter(Boolean).join(" ");
    const cells = [
      "`" + flag + "`",
      env.map((variable) => "`" + variable + "`").join(", "),
      text ? "`" + text + "`" : "",
      help,
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return `<!-- Made from src/settings.ts by \`deno task docs\`; do not edit. -->

# Settings

A setting is taken from its flag, else from the environment, else from a config file, else from its default.
\`kas admin config\` prints each setting's value and where it came from; \`kas COMMAND --help\` says which a command takes.

The config file is a JSON object with the flags' names as keys, such as \`{ "fleet": "web", "max": 10 }\`. Without \`--config FILE\`
(or \`KAS_CONFIG\`), \`/etc/kas/kas.json\` and then \`~/.config/kas/kas.json\` are read, the latter winning.
Times are \`300ms\`, \`60s\`, \`5m\` or \`1h\`. A switch is \`true\` or \`false\` in the environment and the file.

| flag | environment | default | meaning |
|---|---|---|---|
${rows.join("\n")}

AWS's own variables (\`AWS_ACCESS_KEY_ID\`, \`AWS_SHARED_CREDENTIALS_FILE\`, …) are the SDK's business and work as they do elsewhere.
`;
}

if (import.meta.main) await Deno.writeTextFile(new URL("settings.md", import.meta.url), settingsPage());
