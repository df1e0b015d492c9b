import { assertEquals } from "@std/assert";
import { connect } from "../../../src/aws/clients.ts";
import { CreateTagsCommand } from "../../../src/aws/sdk/ec2.ts";
import { program, testWith } from "../../support/needs.ts";
import { BASE, type Fleet, fleet } from "../../unit/admin/fleet.ts";

/** Commands of `kas admin` that list rows in the sandbox. */
const LISTS = [
  "instances",
  "instances tags",
  "balancers",
  "topics",
  "topics subscriptions",
  "alarms",
  "config",
];

testWith(
  [program("awk")],
  "awk splits the TSV output of each list into columns, whatever text a field contains",
  async () => {
    await using f = await fleet({ nodes: 2 });
    await f.rows("setup");
    await f.rows("balancers create idle --zone eu-west-1a");
    await f.rows("topics subscribe http://127.0.0.1:9/a%20b");
    // Other users of the AWS account can create a tag with any characters.
    const odd = { "Name": "two words\tand a tab\n", "empty": "", "spaces": "   " };
    await tag(f.sandbox.url, BASE, odd);

    for (const list of LISTS) {
      const { status, out, rows } = await unchanging(f, list);
      assertEquals(status, 0, list);
      const columns = (out.split("\n")[0] ?? "").split("\t");
      for (const [i, column] of columns.entries()) {
        const taken = await awk(`{ print NF ":" $${i + 1} }`, out);
        assertEquals(taken[0], `${columns.length}:${column}`);
        const fields = rows.map((row) => shown(row[column]).replaceAll(/[\t\n]+/g, " ").trim() || "-");
        assertEquals(
          taken.slice(1),
          fields.map((field) => `${columns.length}:${field}`),
          `${list}: ${column}`,
        );
      }
    }
  },
);

/** Runs a list until it shows the same rows before and after. The state of an alarm changes with time. */
async function unchanging(f: Fleet, list: string) {
  for (let before = await f.rows(list);;) {
    const printed = await f.kas(list);
    const rows = await f.rows(list);
    if (JSON.stringify(before) === JSON.stringify(rows)) return { ...printed, rows };
    before = rows;
  }
}

/** Returns the text of a JSON value as TSV shows it. */
function shown(value: unknown): string {
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value ?? "");
}

/** Runs an awk program on tab-separated text, and returns the lines that the program prints. */
async function awk(program: string, input: string): Promise<string[]> {
  const child = new Deno.Command("awk", { args: ["-F", "\t", program], stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout } = await child.output();
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout).split("\n").slice(0, -1);
}

/** Creates a tag of an instance. */
async function tag(endpoint: string, id: string, tags: Readonly<Record<string, string>>): Promise<void> {
  using aws = connect({ region: "eu-west-1", endpointUrl: endpoint });
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  await (await aws.ec2()).send(new CreateTagsCommand({ Resources: [id], Tags }));
}
