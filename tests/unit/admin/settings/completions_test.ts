import { assertEquals, assertStringIncludes } from "@std/assert";
import { completionPoints } from "../../../../src/admin/settings/completion_points.ts";
import { admin } from "../../../../src/admin/command.ts";
import { command, type Group } from "../../../../src/cli/command.ts";
import { runWords } from "../../cli/captured.ts";
import { program, testWith } from "../../../support/needs.ts";

const ROOT: Group = { name: "kas", summary: "kas", commands: [admin] };

async function script(shell: string): Promise<string> {
  const { status, out } = await runWords(ROOT, ["admin", "completions", shell]);
  assertEquals(status, 0);
  return out;
}

Deno.test("completionPoints() visits the whole command tree, including lazy groups", async () => {
  const list = command({
    name: "list",
    summary: "List",
    options: { state: { placeholder: "S", help: "it's state", choices: ["on", "off"], parse: String } },
    run: () => {},
  });
  const machines: Group = { name: "machines", summary: "Machines", default: "list", commands: [list] };
  const root: Group = {
    name: "kas",
    summary: "kas",
    commands: [{ name: "machines", summary: "Machines", load: () => Promise.resolve(machines) }],
  };
  const found = await completionPoints(root);
  assertEquals(found.map(({ path }) => path), ["kas", "kas machines", "kas machines list"]);
  assertEquals(found[0]?.words, [{ word: "machines", summary: "Machines" }]);
  // After the name of the group, the shell also offers the flags of the group's default command.
  for (const place of found.slice(1)) {
    assertEquals(place.choices.find(({ flag }) => flag === "--state")?.words, ["on", "off"]);
  }
});

Deno.test("kas completions without a shell, or with an unknown shell, is a usage error", async () => {
  assertEquals((await runWords(ROOT, ["admin", "completions"])).status, 2);
  const { status, err } = await runWords(ROOT, ["admin", "completions", "bsh"]);
  assertEquals(status, 2);
  assertStringIncludes(err, "did you mean bash?");
});

Deno.test("each completion script contains the words and fixed values of every command", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    // zsh escapes colons.
    const text = (await script(shell)).replaceAll("\\:", ":");
    const missing = (await completionPoints(ROOT)).flatMap(({ path, words, choices }) =>
      [path, ...words.map(({ word }) => word), ...choices.flatMap(({ words }) => words)]
        .filter((word) => !text.includes(word))
    );
    assertEquals(missing, [], shell);
  }
});

/** Command lines, and the last word of each after the shell has completed it. */
const CASES: [string, string][] = [
  ["kas adm", "admin"],
  ["kas admin inst", "instances"],
  ["kas admin instances --stat", "--state"],
  ["kas admin instances --state stoppe", "stopped"],
  ["kas admin instances terminate --forc", "--force"],
];

testWith([program("bash")], "the bash completion script completes commands, flags and values", async () => {
  const lines = CASES.map(([line]) => {
    const words = line.split(" ");
    return `COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _kas; echo "\${COMPREPLY[*]}"`;
  });
  const answers = await shell("bash", ["--norc"], [await script("bash"), ...lines].join("\n"));
  assertEquals(answers, CASES.map(([, word]) => word));
});

testWith([program("fish")], "the fish completion script completes commands, flags and values", async () => {
  const lines = CASES.map(([line]) => `complete -C "${line}" | string split -f1 \\t`);
  const answers = await shell("fish", ["--no-config"], [await script("fish"), ...lines].join("\n"));
  assertEquals(answers, CASES.map(([, word]) => word));
});

testWith([program("zsh")], "zsh can parse the zsh completion script", async () => {
  assertEquals(await shell("zsh", ["-f", "-n"], await script("zsh")), []);
});

/** Runs a script with a shell. The script is the shell's input, because it is longer than Linux allows an argument to be. */
async function shell(name: string, args: string[], script: string): Promise<string[]> {
  const options = { args, stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  await using child = new Deno.Command(name, options).spawn();
  const [{ stdout, stderr }] = await Promise.all([
    child.output(),
    new Response(script).body?.pipeTo(child.stdin),
  ]);
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(decode(stderr), "");
  return decode(stdout).split("\n").filter(Boolean);
}
