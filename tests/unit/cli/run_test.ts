import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { command, type Context, type Group } from "../../../src/cli/command.ts";
import { runWords } from "./captured.ts";

/** The name of a command in the test tree, and the context with which the command ran. */
type Seen = { name: string } & Pick<Context<Record<never, never>>, "flags" | "args" | "rest">;

/** A command tree like that of kas, with a command, a group with a default command, and a group that is loaded lazily. */
function tree(): { root: Group; seen: Seen[]; loaded: string[] } {
  const seen: Seen[] = [];
  const loaded: string[] = [];
  const make = (name: string, args?: string) =>
    command({
      name,
      summary: `Does ${name}`,
      ...(args === undefined ? {} : { args }),
      options: {
        max: {
          placeholder: "N",
          help: "at most",
          default: "7",
          parse: (text) => {
            if (!/^-?\d+$/.test(text)) throw new TypeError("expected a number");
            return Number(text);
          },
        },
        zone: { placeholder: "ZONE", help: "where", repeat: true, parse: (text) => text },
        level: { placeholder: "LEVEL", help: "how", choices: ["low", "high"], parse: level },
        dryRun: { help: "do nothing", default: "false", parse: (text) => text === "true" },
      },
      run: ({ flags, args, rest }) => {
        seen.push({ name, flags, args, rest });
        return name === "stop" ? 4 : undefined;
      },
    });
  const level = (text: string) => {
    if (text !== "low" && text !== "high") throw new TypeError("expected low or high");
    return text;
  };
  const machines: Group = {
    name: "machines",
    summary: "The machines",
    default: "list",
    commands: [make("list"), make("stop", "ID…"), make("move", "NAME [TO]"), make("ssh", "ID [-- CMD…]")],
  };
  const root: Group = {
    name: "kas",
    summary: "Test tree",
    commands: [
      make("worker"),
      {
        name: "machines",
        summary: "The machines",
        load: () => {
          loaded.push("machines");
          return Promise.resolve(machines);
        },
      },
    ],
  };
  return { root, seen, loaded };
}

async function seenBy(...words: string[]): Promise<Seen | undefined> {
  const { root, seen } = tree();
  const { status, err } = await runWords(root, words);
  assertEquals(err, "");
  assertEquals(status, words.includes("stop") ? 4 : 0);
  return seen[0];
}

Deno.test("run() accepts flags in every form", async () => {
  const cases: [string[], Record<string, unknown>][] = [
    [[], { max: 7, zone: [], level: undefined, dryRun: false }],
    [["--max", "3"], { max: 3 }],
    [["--max=3"], { max: 3 }],
    [["--max", "-3"], { max: -3 }],
    [["--max=-3"], { max: -3 }],
    [["--zone", "-"], { zone: ["-"] }],
    [["--zone", "-a"], { zone: ["-a"] }],
    [["--zone=--b"], { zone: ["--b"] }],
    [["--zone=a=b"], { zone: ["a=b"] }],
    [["--zone", "a", "--zone=b"], { zone: ["a", "b"] }],
    [["--dry-run"], { dryRun: true }],
    [["--dry-run=true"], { dryRun: true }],
    [["--dry-run=false"], { dryRun: false }],
    [["--no-dry-run"], { dryRun: false }],
    [["--dry-run", "--no-dry-run"], { dryRun: false }],
    [["--level", "low"], { level: "low" }],
  ];
  for (const [words, expected] of cases) {
    const flags = (await seenBy("worker", ...words))?.flags as Record<string, unknown>;
    for (const [name, value] of Object.entries(expected)) assertEquals(flags[name], value, words.join(" "));
  }
});

Deno.test("run() keeps the order of arguments at any position of flags, and a switch consumes no argument", async () => {
  const { args } = await seenBy("machines", "stop", "a", "--dry-run", "b", "--max", "3", "-", "true") ?? {};
  assertEquals(args, ["a", "b", "-", "true"]);
});

Deno.test("run() passes the words after -- as arguments, or separately if the command requests it", async () => {
  assertEquals((await seenBy("machines", "stop", "a", "--", "--max", "-x"))?.args, ["a", "--max", "-x"]);
  const ssh = await seenBy("machines", "ssh", "a", "--", "ls", "--all");
  assertEquals([ssh?.args, ssh?.rest], [["a"], ["ls", "--all"]]);
});

Deno.test("run() runs the default command of a group with its flags", async () => {
  assertEquals((await seenBy("machines"))?.name, "list");
  assertEquals((await seenBy("machines", "--max", "3"))?.name, "list");
  assertEquals((await seenBy("machines", "list"))?.name, "list");
});

Deno.test("run() loads a lazy group only when a command line names the group", async () => {
  const { root, loaded } = tree();
  await runWords(root, ["worker"]);
  await runWords(root, ["--help"]);
  assertEquals(loaded, []);
  await runWords(root, ["machines"]);
  assertEquals(loaded, ["machines"]);
});

Deno.test("run() reports a usage error in one line that contains the invalid word and the valid words, with status 2", async () => {
  // The words on the command line, and the texts that the error must contain.
  const cases: [string, ...string[]][] = [
    ["", "worker, machines"],
    ["wroker", '"wroker"', "did you mean worker?"],
    ["mach", '"mach"', "did you mean machines?"],
    ["quux", '"quux"', "worker, machines"],
    ["quux --help", '"quux"', "worker, machines"],
    ["machines stpo", '"stpo"', "kas machines", "did you mean stop?"],
    ["--max 3", "--max", "kas COMMAND --max"],
    ["worker --mx 3", "--mx", "kas worker", "did you mean --max?"],
    ["worker --no-dry-rum", "--no-dry-rum", "kas worker"],
    ["worker --no-max", "--no-max", "kas worker"],
    ["worker --no-dry-run=true", "--no-dry-run", "takes no value"],
    ["worker --frobnicate=1", "--frobnicate", "kas worker"],
    ["worker -x", "-x", "kas worker"],
    ["worker --max", "needs a value", "--max N"],
    ["worker --max --dry-run", "needs a value", "--max N"],
    ["worker --max=", "needs a value", "--max N"],
    ["worker --max ten", '"ten"', "--max", "expected a number"],
    ["worker --max 1 --max 2", "--max", "more than once"],
    ["worker --level hig", '"hig"', "--level", "low or high", "did you mean high?"],
    ["worker --output yaml", '"yaml"', "--output", "table, tsv or json"],
    ["worker a", '"a"', "kas worker", "no arguments"],
    ["machines stop", "kas machines stop", "ID…"],
    ["machines move", "kas machines move", "NAME [TO]"],
    ["machines move a b c", '"c"', "NAME [TO]"],
    ["machines ssh a b", '"b"', "ID [-- CMD…]"],
  ];
  for (const [words, ...named] of cases) {
    const { root, seen } = tree();
    const { status, out, err } = await runWords(root, words.split(" ").filter(Boolean));
    assertEquals([status, out, seen], [2, "", []], words);
    assertMatch(err, /^kas: [^\n]+\n$/, words);
    for (const part of named) assertStringIncludes(err, part, words);
  }
});

Deno.test("run() prints help at every level on stdout, with status 0", async () => {
  const cases: [string, string][] = [
    ["--help", "Usage: kas COMMAND"],
    ["-h", "Usage: kas COMMAND"],
    ["help", "Usage: kas COMMAND"],
    ["machines --help", "Usage: kas machines COMMAND"],
    ["help machines", "Usage: kas machines COMMAND"],
    ["machines help", "Usage: kas machines COMMAND"],
    ["machines help stop", "Usage: kas machines stop [OPTIONS] ID…"],
    ["help machines stop", "Usage: kas machines stop [OPTIONS] ID…"],
    ["machines stop --help", "Usage: kas machines stop [OPTIONS] ID…"],
    ["machines stop a --max 3 -h", "Usage: kas machines stop [OPTIONS] ID…"],
    ["worker --max ten --help", "Usage: kas worker [OPTIONS]"],
  ];
  for (const [words, usage] of cases) {
    const { root, seen } = tree();
    const { status, out, err } = await runWords(root, words.split(" "));
    assertEquals([status, err, seen.length], [0, "", 0], words);
    assertStringIncludes(out, `\n${usage}\n`);
  }
});

Deno.test("help() shows the options, defaults and environment variables of a command", async () => {
  const root: Group = {
    name: "kas",
    summary: "Test tree",
    commands: [command({
      name: "worker",
      summary: "Serve",
      args: "[NAME]",
      options: {
        max: { placeholder: "N", help: "at most", default: "7", env: ["KAS_MAX", "MAX"], parse: Number },
        zone: { placeholder: "ZONE", help: "where", repeat: true, parse: String },
        force: { help: "really", default: "false", parse: Boolean },
      },
      examples: ["worker --max 3"],
      run: () => {},
    })],
  };
  assertEquals(
    (await runWords(root, ["worker", "--help"])).out,
    `Serve.

Usage: kas worker [OPTIONS] [NAME]

Options:
  --zone ZONE …  where
  --force        really

Settings:
  --max N  at most (default 7, KAS_MAX)

Common options:
  --output FORMAT  output format: table, tsv or json (default: table on a terminal, tsv elsewhere) (KAS_OUTPUT)
  --[no-]header    print the header line
  --quiet          print only results and errors (KAS_QUIET)
  --verbose        print more detail on stderr (KAS_VERBOSE)
  --config FILE    read this config file instead of the default config files (KAS_CONFIG)
  --help           print this help

Examples:
  kas worker --max 3
`,
  );
});

Deno.test("help() wraps lines at spaces on a terminal, and prints explanations below the names on a narrow terminal", async () => {
  const root: Group = {
    name: "kas",
    summary: "Test tree",
    description: "One paragraph of which the lines\nare joined.\n\nAnother.",
    firstSteps: [["worker --listen 127.0.0.1:30001 --threads 4", "serves on four threads, each a CPU's"]],
    commands: [
      command({ name: "worker", summary: "Serve whatever comes, and drain at SIGTERM", options: {}, run }),
    ],
  };
  function run() {}
  const at = async (columns: number) =>
    (await runWords(root, ["--help"], { terminal: { interactive: true, columns } })).out.split("\n");
  assertEquals(await at(60), [
    "Test tree.",
    "",
    "One paragraph of which the lines are joined.",
    "",
    "Another.",
    "",
    "Usage: kas COMMAND",
    "",
    "Commands:",
    "  worker  Serve whatever comes, and drain at SIGTERM",
    "",
    "First steps:",
    "  kas worker --listen 127.0.0.1:30001 --threads 4",
    "      serves on four threads, each a CPU's",
    "",
    "See also: kas COMMAND --help",
    "",
  ]);
  assertEquals((await at(51)).slice(9, 11), [
    "  worker  Serve whatever comes, and drain at",
    "          SIGTERM",
  ]);
});

Deno.test("help() lists the commands of a group under their headings, and the first steps", async () => {
  const leaf = (name: string) => command({ name, summary: name.toUpperCase(), options: {}, run: () => {} });
  const root: Group = {
    name: "kas",
    summary: "Test tree",
    sections: { "Scaling": ["out", "in", "later"] },
    firstSteps: [["out", "one more"], ["in --now", "one less"]],
    commands: [leaf("in"), leaf("other"), leaf("out")],
  };
  assertEquals(
    (await runWords(root, ["--help"])).out,
    `Test tree.

Usage: kas COMMAND

Scaling:
  out    OUT
  in     IN

More:
  other  OTHER

First steps:
  kas out       one more
  kas in --now  one less

See also: kas COMMAND --help
`,
  );
});

Deno.test("run() returns the exit status of the command", async () => {
  assertEquals((await runWords(tree().root, ["machines", "stop", "a"])).status, 4);
});
