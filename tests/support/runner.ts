/**
 * Runs `deno test` and prints a short report: failures in full, the output of the tests, the ignored tests with their
 * reasons, and the summary line. It prints nothing for a test that passes.
 *
 *     deno run -A tests/support/runner.ts [arguments of deno test]
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";

/** How a test ended, as `deno test` prints it. */
interface Result {
  readonly test: string;
  readonly outcome: "ok" | "ignored" | "FAILED";
}

const RESULT = /^(.+?) \.\.\. (ok|ignored|FAILED) \(.*\)$/;
const SUMMARY = /^(?:ok|FAILED) \| \d+ passed/;
/** The titles of the sections that `deno test` prints after all tests have ended. */
const SECTION = /^ (?:ERRORS|FAILURES) $/;
/** Lines of `deno test` that the report leaves out. */
const NOISE = [
  /^running \d+ tests? from /,
  /-----(?: post-test)? output (?:end )?-----/,
  /^'.*' has been running for over /,
];

/** Prints to stdout. The linter does not allow `console`. */
function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** The flags that enable the sanitizers of tests. Deno before 2.8 enables them by default, and rejects the flags. */
function sanitizers(): string[] {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  return major === 2 && minor < 8 ? [] : ["--sanitize-ops", "--sanitize-resources"];
}

/** Reads the output of `deno test`, and prints the short report. */
class Report {
  readonly #ignored: string[] = [];
  readonly #live = Deno.stderr.isTerminal();
  #finished = 0;
  #ended = false;
  #summary: string | undefined;
  #blank = true;

  line(raw: string): void {
    const line = stripVTControlCharacters(raw);
    this.#ended ||= SECTION.test(line);
    if (SUMMARY.test(line)) {
      this.#summary = raw;
    } else if (this.#ended) {
      this.#print(raw);
    } else {
      const result = resultOf(line);
      if (result !== undefined) this.#result(result, raw);
      else if (!NOISE.some((noise) => noise.test(line))) this.#print(raw);
    }
  }

  /** Prints the ignored tests and the summary. */
  end(): void {
    this.#erase();
    if (this.#ignored.length > 0) {
      say(`\nIgnored:\n${this.#ignored.toSorted().map((test) => `  ${test}`).join("\n")}`);
    }
    if (this.#summary !== undefined) say(`\n${this.#summary}`);
  }

  #result({ test, outcome }: Result, raw: string): void {
    this.#finished++;
    if (outcome === "ignored") this.#ignored.push(test.replace(/ \(ignored: (.*)\)$/, ": $1"));
    if (outcome === "FAILED") this.#print(raw);
    if (this.#live) Deno.stderr.writeSync(new TextEncoder().encode(`\r${this.#finished} tests`));
  }

  /** Prints a line. If several empty lines follow one another, prints only the first. */
  #print(raw: string): void {
    const blank = raw.trim() === "";
    if (blank && this.#blank) return;
    this.#blank = blank;
    this.#erase();
    say(raw);
  }

  /** Erases the line with the number of tests that have run, if stdout is a terminal. */
  #erase(): void {
    if (this.#live) Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
  }
}

function resultOf(line: string): Result | undefined {
  const [, test, outcome] = RESULT.exec(line) ?? [];
  if (test === undefined) return undefined;
  return { test: test.replace(/^\S+\.ts => /, ""), outcome: outcome as Result["outcome"] };
}

/** Runs `deno test` with these arguments. Returns its exit status. */
export async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const colors = Deno.stdout.isTerminal() && !Deno.noColor ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" };
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--parallel", ...sanitizers(), ...args],
    env: { ...colors, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const report = new Report();
  let rest = "";
  const lines = child.stdout.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>);
  for await (const text of lines) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) report.line(part);
  }
  if (rest !== "") report.line(rest);
  report.end();
  return (await child.status).code;
}

if (import.meta.main) Deno.exitCode = await run(Deno.args);
