import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { commandText, hintText, quoteCommand, withHint } from "../../../src/cli/command_line.ts";
import { isUnsafe } from "../../../src/cli/terminal/escape.ts";
import { filesUnder, ROOT } from "../imports.ts";

/** Folder in which the tests run shells. If a word is not quoted correctly, a redirection in it creates a file in this folder. */
const EMPTY = await Deno.makeTempDir();

/** Returns the words that a program receives if a shell runs a command line. */
async function wordsOf(shell: readonly [string, ...string[]], line: string): Promise<string[]> {
  const [program, ...args] = shell;
  // In this test, printf replaces the program of the command line, and prints its words.
  // Without a PATH, the shell finds no program that an incorrectly quoted word could run.
  const script = `PATH=/nonexistent; printf '%s\\0' ${line}`;
  const { success, stdout } = await new Deno.Command(program, { args: [...args, script], cwd: EMPTY })
    .output();
  assert(success, line);
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

const HOSTILE = [
  "kas:cpuhigh:i-0dead;touch${IFS}PWNED;#",
  "$(touch PWNED)",
  "`touch PWNED`",
  "a\ntouch PWNED",
  "a\r\ntouch PWNED",
  "'; touch PWNED; '",
  "\\'; touch PWNED #",
  "!!",
  "--all",
  "-rf",
  "*",
  "~root",
  "=ls",
  "{a,b}",
  "",
  " ",
  "\x1b[2K\x1b]0;title\x07",
  "\u009b31m",
  "\u202etxt.exe",
  "naïve 名前",
  "\t",
  "a\\041b",
];

const hostileWord = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom(
      ..."'\"`$\\;&|<>(){}[]*?~!#=% \n\t\r\x1b\x07\x7f\u0085\u009b\u2028\u202e\u2066\u200fa1-é",
    ),
  }),
).map((word) => word.replaceAll("\0", "").toWellFormed());

Deno.test("bash receives exactly the words of a printed command, and no word controls the terminal", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostileWord, { minLength: 1, maxLength: 12 }), async (words) => {
      const line = commandText(words);
      assert(!isUnsafe(line) && !/[\t\n]/.test(line), JSON.stringify(line));
      assertEquals(await wordsOf(["bash", "-c"], line), words);
    }),
    { numRuns: 60, examples: [[HOSTILE]] },
  );
});

Deno.test("a printed command does not depend on the locale", async () => {
  assertEquals(await wordsOf(["env", "LC_ALL=C", "bash", "-c"], commandText(HOSTILE)), HOSTILE);
});

Deno.test("an interactive bash, which expands the history, also receives exactly the words of a printed command", async () => {
  const words = ["a!b", "!!", "!-1", 'x"!x'];
  assertEquals(await wordsOf(["bash", "-O", "expand_aliases", "-H", "-c"], commandText(words)), words);
  assertEquals(commandText(["!!"]), String.raw`$'\041\041'`);
});

Deno.test("quoteCommand() quotes words for every POSIX shell", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostileWord, { minLength: 1, maxLength: 12 }), async (words) => {
      assertEquals(await wordsOf(["sh", "-c"], quoteCommand(words)), words);
    }),
    { numRuns: 30, examples: [[HOSTILE]] },
  );
});

Deno.test("commandText() does not quote a word that the shell reads unchanged", () => {
  const words = ["kas", "admin", "setup", "--url", "http://203.0.113.7:10000/", "--cpu", "42:80"];
  assertEquals(commandText(words), words.join(" "));
  assertEquals(withHint("no topic", words), `no topic; try: ${words.join(" ")}`);
  assertEquals(hintText("use --yes"), "use --yes");
  assertEquals(withHint("failed", undefined), "failed");
});

/** Matches a template literal that contains the name of a program and, after the name, an inserted value. */
const COMPOSED =
  /`[^`\n]*\b(?:kas (?:admin|autoscaler|worker)|aws [a-z][a-z0-9-]+ |sudo |ssh(?:-keygen)? -|curl |mv |rm |systemctl )[^`\n]*\$\{[^`]*`/g;

/** Matches files with template literals that are shell scripts. In these scripts, quoteWord() quotes each value. */
const SCRIPTS = /^src\/(provision\/|sandbox\/|build\/)/;

Deno.test("kas composes every printed command from words, and quotes the words in one function", async () => {
  const found: string[] = [];
  for (const path of await filesUnder("src")) {
    if (SCRIPTS.test(path) && !/diagnosis|rolling|jump_host/.test(path)) continue;
    const code = (await Deno.readTextFile(new URL(path, ROOT))).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    for (const [literal] of code.matchAll(COMPOSED)) found.push(`${path}: ${literal}`);
  }
  assertEquals(found, []);
  assert(COMPOSED.test("`kas admin alarms delete ${name}`"), "the pattern finds no composed command");
});
