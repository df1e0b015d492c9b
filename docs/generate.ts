/**
 * Generates docs/settings.md and docs/kas.schema.json from the settings table, docs/doctor.md from doctor's checks, docs/prices.md from the
 * price table, and docs/commands.md from the commands: `deno task docs`.
 * tests/unit/docs_test.ts fails if a page is out of date.
 *
 * @module
 */
import type { Check } from "../src/admin/doctor/check.ts";
import { CHECKS } from "../src/admin/doctor/checks/all.ts";
import { admin } from "../src/admin/command.ts";
import { BASE_REGION, PRICES } from "../src/admin/setup/cost/prices.ts";
import { type Command, type Entry, type Group, kebab } from "../src/cli/command.ts";
import { configSchema } from "../src/settings/config_file.ts";
import { settingsWith } from "../src/settings/several_fleets.ts";
import { type Setting, SETTINGS } from "../src/settings/settings.ts";

/** The keys in a config file of the settings with a scope. */
function keysWith(scope: Setting<unknown>["scope"]): string {
  return settingsWith(scope).map((name) => `\`${kebab(name)}\``).join(", ");
}

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
  return `<!-- Generated from src/settings/settings.ts by \`deno task docs\`. Do not edit. -->

# Settings

kas reads a setting from its flag. If there is no flag, kas reads the environment variable, then the config file, then the default.
\`kas admin config\` prints each setting's value and its source. \`kas COMMAND --help\` lists the settings of a command.

The config file is a JSON object. Its keys are the names of the flags: \`{ "fleet": "web", "max": 10 }\`. \`--config FILE\` or
\`KAS_CONFIG\` names the file. Without them kas reads \`/etc/kas/kas.json\` and \`~/.config/kas/kas.json\`; a value in the second file wins.

A fleet's settings can also be in the list \`fleets\`: \`{ "region": "eu-west-1", "fleets": [{ "fleet": "web", "max": 10 }] }\`. A setting of
the fleet replaces the setting outside of the list.

The list can have several fleets. \`--fleet\` or \`KAS_FLEET\` chooses one of them for a command. These settings must then be outside of the
list, because all fleets share them: ${keysWith("process")}. These must be in the list,
because each fleet has its own: ${keysWith("fleet")}. All others can be in both places.
A fleet's value in the list has precedence over AWS's own variables, such as \`AWS_REGION\`.

\`kas admin config check FILE\` checks a config file and prints each problem with its place, such as \`fleets[0].max\`. [kas.schema.json](kas.schema.json)
is the JSON Schema of the file. An editor that reads it, for example because the file's key \`$schema\` names it, completes and checks the keys.

\`schedules\` and \`policies\` are arrays in the config file. As a flag or a variable, they are the same arrays as JSON text, and \`policies\` may also be the word
\`alarms\` or \`adaptive\`. [Operation](operation.md#schedules)
describes schedules. \`policies\` lists the policies that scale by the load. The default is \`[{ "type": "alarms" }]\`. With \`[]\`, no policy scales
by the load: kas follows the bounds, the schedules and operators.

| policy | keys |
|---|---|
| \`alarms\` | none |
| \`target\` | \`metric\`: \`"cpu"\`; \`target\`: percent from 1 to 100; \`stabilization\`: a time up to \`60m\` (default: \`5m\`) |
| \`adaptive\` | \`metric\`: \`"cpu"\`; \`utilization\`: percent from 10 to 100 (default: 80); \`risk\`: a share from 0.001 to 0.5 (default: 0.015); \`maxSpare\`: a number of instances (default: no limit) |
| \`formula\` | either \`capacity\`, or \`atLeast\`, \`atMost\` or both: expressions over metrics |

\`metrics\` is an object: the metrics that formulas use, by name. [Operation](operation.md#scaling-by-a-queue-or-another-metric) describes formulas
and metrics.

A time is written \`300ms\`, \`60s\`, \`5m\` or \`1h\`. A switch is \`true\` or \`false\` in the environment and in the file.

| flag | environment | default | meaning |
|---|---|---|---|
${rows.join("\n")}

The AWS SDK reads its own variables (\`AWS_ACCESS_KEY_ID\`, \`AWS_SHARED_CREDENTIALS_FILE\`, …). They work as in other AWS tools.
`;
}

/** The JSON Schema of a config file as text. */
export function schemaFile(): string {
  return JSON.stringify(configSchema(), null, 2) + "\n";
}

/** The page about doctor as Markdown. */
export function doctorPage(checks: readonly Check[] = CHECKS): string {
  const rows = checks.map(({ name, expects }) => `| \`${name}\` | ${expects.replaceAll("|", "\\|")} |`);
  return `<!-- Made from src/admin/doctor/checks/all.ts by \`deno task docs\`; do not edit. -->

# Doctor

\`kas admin doctor\` checks everything that a fleet needs in order to scale. It changes nothing. Run it after \`kas admin setup\`, and
whenever the fleet does not scale as you expect:

\`\`\`sh
kas admin doctor --url http://203.0.113.7:10000/
kas admin doctor --problems
\`\`\`

Each check prints one or more lines with a result:

| result | meaning |
|---|---|
| \`ok\` | the check passed |
| \`warning\` | scaling works, but probably not as you intend |
| \`failed\` | scaling does not work, or not correctly; the exit status is 1 |
| \`skipped\` | the result is unknown, or the check does not apply |

The command after \`; try:\` repairs the problem. \`--problems\` prints only warnings and failures. Repair the problems in the order in which
doctor prints them: it may skip a check until an earlier check passes.

## Checks

| check | passes if |
|---|---|
${rows.join("\n")}

## Which autoscaler does doctor check?

Doctor checks the autoscaler at \`--url\`, the address at which SNS reaches the autoscaler. Without \`--url\` doctor uses the addresses that are
subscribed to the topic. An autoscaler reports its fleet, version and start time in the headers \`kas-fleet\`, \`kas-version\` and \`kas-started\` of \`/ping\`.
\`kas-down\` names the fleets that could not start.
A worker reports its version in \`kas-version\`.

The checks \`bounds\`, \`drain-timeout\` and \`reconcile\` need \`/status\`, which nginx does not pass to the autoscaler. Run them on the autoscaler's host, with
\`--url http://127.0.0.1:10001\`.

## Whose permissions does doctor check?

Doctor checks the permissions of the credentials with which it runs. To check the autoscaler's permissions, run doctor on the autoscaler's
host. Only EC2 can check a permission without carrying out the action (DryRun), so \`permissions\` checks only EC2's actions.

If AWS denies or throttles a read request, or answers with an error, \`reading\` reports it once, with the action's name. Doctor skips the checks that need the
answer, and runs the others.

## When are thresholds too close?

With n instances at \`high\` percent of CPU, one more instance brings each instance to high·n/(n+1) percent. If this is more than 5 percentage points
below \`low\`, the same load triggers a scale-out and then a scale-in. Only the check \`projected-load\` (R6) then keeps the fleet from flapping.
`;
}

/** The page about the price table as Markdown. */
export function pricesPage(prices: typeof PRICES = PRICES): string {
  const rows = Object.entries(prices).flatMap(([name, { unit, page, regions }]) =>
    Object.entries(regions).map(([region, { usd, recorded, date }]) =>
      `| ${name} | ${usd} | ${unit} | \`${region}\` | ${date} | ${recorded} | [${
        new URL(page).pathname
      }](${page}) |`
    )
  );
  return `<!-- Generated from src/admin/setup/cost/prices.ts by \`deno task docs\`. Do not edit. -->

# Prices

\`kas admin cost\` computes with the prices of this table. They are On-Demand prices in US dollars without taxes. AWS changes prices
seldom, but it does: before you rely on an amount, compare its price with AWS's page.

- **Regions.** The table has all prices for \`${BASE_REGION}\`, and some prices for other regions. For a price that the table does not have,
  the command uses the one of \`${BASE_REGION}\` and says so. In the regions in China AWS charges in another currency: there the table has no price.
- **Tiers.** The prices are those of the first tier. CloudWatch charges less for each metric after the first 10,000 of an account, and EBS
  less for each IOPS of an io2 volume after the first 32,000. Then the command's amount is too high.
- **Free tier.** Each month the first 10 metrics, the first 10 standard alarms, 1,000,000 messages and 100,000 deliveries over HTTP of an
  account are free. Metric reads with \`GetMetricData\` are never free. The command does not subtract the free tier, because all uses of an account share it.
- **A month** has 730 hours, as in AWS's calculator.
- **Not in the estimate**: what your service costs without kas too. These are its instances, their volumes while they run, the load balancer with its hours
  and capacity units, its own data transfer and logs.
- **Scrapes** cost nothing inside of an availability zone, at private addresses. Between two zones AWS bills each GB twice: on its way out of a zone, and on
  its way into the other. The command counts 60,000 bytes for a scrape of node_exporter, and 9,000 for its collector \`cpu\` alone: kas measured
  59,210 and 8,281 bytes of metrics on Debian 12 with two CPUs.

| price | USD | unit | region | date | recorded by | AWS's page |
|---|---|---|---|---|---|---|
${rows.join("\n")}
`;
}

/** The reference page of the commands as Markdown. */
export async function commandsPage(root: Group = admin): Promise<string> {
  const rows = await Promise.all(root.commands.map((entry) => commandRows(["kas", root.name], entry)));
  return `<!-- Generated from the commands by \`deno task docs\`. Do not edit. -->

# Commands

\`kas worker\` and \`kas autoscaler\` are the services. \`kas admin\` has all commands of an operator. \`--help\` works at every level and
lists the options.

| command | what it does |
|---|---|
| \`kas worker\` | serves \`/ping\` and CPU-bound \`/work\` |
| \`kas autoscaler\` | scales a fleet; serves \`POST /\` for SNS, \`/ping\`, \`/status\`, \`/activities\`, \`/decisions\` and \`/metrics\` |
${rows.flat().join("\n")}

## Output

Lists print a table on a terminal and tab-separated values elsewhere. \`--output table\`, \`tsv\` or \`json\` chooses the format. Progress,
notes and errors go to stderr.

## Exit status

| status | meaning |
|---|---|
| 0 | successful |
| 1 | failed |
| 2 | invalid usage |
| 3 | AWS is unreachable, or AWS refused the credentials |
| 4 | nothing matched |
| 130 | interrupted |
`;
}

async function commandRows(path: readonly string[], entry: Entry): Promise<string[]> {
  const loaded: Command | Group = "load" in entry ? await entry.load() : entry;
  const here = [...path, entry.name];
  const words = "args" in loaded && loaded.args ? [...here, loaded.args] : here;
  if ("commands" in loaded) {
    const verbs = await Promise.all(loaded.commands.map((verb) => commandRows(here, verb)));
    return verbs.flat();
  }
  return [`| \`${words.join(" ").replaceAll("|", "\\|")}\` | ${loaded.summary.replaceAll("|", "\\|")} |`];
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("commands.md", import.meta.url), await commandsPage());
  await Deno.writeTextFile(new URL("settings.md", import.meta.url), settingsPage());
  await Deno.writeTextFile(new URL("kas.schema.json", import.meta.url), schemaFile());
  await Deno.writeTextFile(new URL("doctor.md", import.meta.url), doctorPage());
  await Deno.writeTextFile(new URL("prices.md", import.meta.url), pricesPage());
}
