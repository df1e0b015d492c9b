import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { command, ExitError, type Group } from "../../../../src/cli/command.ts";
import { escaped, inOneLine, isUnsafe } from "../../../../src/cli/terminal/escape.ts";
import { Canvas } from "../../../../src/cli/terminal/canvas.ts";
import { Output } from "../../../../src/cli/output.ts";
import { filesUnder, ROOT } from "../../imports.ts";
import { captured, runWords } from "../captured.ts";

/** All characters that control a terminal or the order of text, and some neighbouring characters that do not. */
const UNSAFE = [
  ...Array.from({ length: 0x20 }, (_, code) => code).filter((code) => code !== 9 && code !== 10),
  ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i),
  ...[0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e],
  ...[0x2066, 0x2067, 0x2068, 0x2069],
].map((code) => String.fromCharCode(code));
const SAFE = ["\t", "\n", " ", "~", "\u00a0", "é", "名", "😀", "\u200d", "\u2030"];

/** A text that would clear the line, set the title, set a colour with a C1 control, reorder text, and add a false line. */
const ATTACK = "x\x1b[2K\r\x1b]0;t\x07\x9b31m\u202ey\u2066\x7f\u2028z";

Deno.test("escaped() escapes C0, DEL, C1, separators and bidirectional controls, and no other characters", () => {
  for (const character of UNSAFE) {
    assertEquals(escaped(character), `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
    assert(isUnsafe(`a${character}b`));
  }
  for (const character of SAFE) assertEquals(escaped(character), character);
});

Deno.test("escaping JSON text does not change the meaning of the JSON", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...UNSAFE, ...SAFE, '"', "\\") }), (text) => {
    const json = escaped(JSON.stringify({ text }));
    assert(!isUnsafe(json));
    assertEquals(JSON.parse(json), { text });
  }));
});

Deno.test("inOneLine() returns text that cannot begin a new line", () => {
  assertEquals(inOneLine("a \n kas: forged\r\nb"), "a kas: forged b");
});

/** A command that prints a text with every method of Output. */
const everywhere: Group = {
  name: "kas",
  summary: "kas",
  commands: [command({
    name: "say",
    summary: "Say it",
    options: {},
    run: async ({ out }) => {
      out.line(ATTACK);
      out.text(ATTACK);
      out.note(ATTACK);
      out.hint(ATTACK);
      out.detail(ATTACK);
      out.error(ATTACK);
      out.progress(ATTACK);
      using _ = out.during(ATTACK);
      await out.table(["a"], [{ a: ATTACK }]);
    },
  })],
};

Deno.test("no command output contains an escape sequence or a bidirectional control, in any output format", async () => {
  for (const format of ["table", "tsv", "json"]) {
    const { out, err } = await runWords(everywhere, ["say", "--verbose", "--output", format], {
      terminal: { interactiveError: true, interactive: true },
    });
    assertEquals([isUnsafe(out), isUnsafe(err)], [false, false], format);
    // The output still contains each unsafe character, as an escape sequence that the operator can read.
    assert(out.includes("u009b") || out.includes("x [2K"), out);
  }
});

Deno.test("progress and drawings contain no escape sequences except those of kas itself", () => {
  const { terminal, err } = captured({ color: true, interactiveError: true, columns: 200 });
  const out = new Output(terminal, { format: "tsv", header: true, quiet: false, verbose: false });
  out.progress(ATTACK);
  out.end();
  new Canvas(terminal).draw([ATTACK, "b"]);
  const rest = ["\r", "\x1b[K", "\x1b[J"].reduce((text, own) => text.replaceAll(own, ""), err());
  assert(!isUnsafe(rest), JSON.stringify(rest));
});

Deno.test("a question to the operator is escaped", async () => {
  const { terminal, err } = captured({ answer: "y" });
  const out = new Output(terminal, { format: "tsv", header: true, quiet: false, verbose: false });
  await out.confirm(ATTACK, new AbortController().signal);
  assert(!isUnsafe(err()), err());
});

Deno.test("kas escapes a fatal error, its hint and its details", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const config = `${folder}/kas.json`;
    await Deno.writeTextFile(config, JSON.stringify({ [`fl\x1b[31m\u202eeet\nkas: forged`]: 1 }));
    const args = ["run", "-A", "--no-check", "--quiet", "main.ts", "admin", "instances", "--config", config];
    const cwd = new URL(ROOT);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd, env: { NO_COLOR: "1" } })
      .output();
    const text = new TextDecoder().decode(stderr);
    assertEquals([code, isUnsafe(text), text.split("\n").length], [2, false, 2], text);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("kas quotes the words of a hint's command, so that they contain no unsafe character", async () => {
  const root: Group = {
    name: "kas",
    summary: "kas",
    commands: [command({
      name: "fail",
      summary: "Fail",
      options: {},
      run: () => {
        throw new ExitError("no", 1, ["kas", ATTACK]);
      },
    })],
  };
  const { status } = await runWords(root, ["fail"]);
  assertEquals(status, 1);
});

/** WRITERS are the files that may write to stdout and stderr. PAINTERS are the files that may draw without escaping. */
const WRITERS = ["src/cli/terminal/process_terminal.ts", "src/process/log.ts", "src/build/main.ts"];
const PAINTERS = ["src/cli/terminal/canvas.ts", "src/cli/terminal/progress.ts"];

Deno.test("only one module writes text to the terminal, and only canvas and progress draw", async () => {
  for (const path of await filesUnder("src")) {
    const code = (await Deno.readTextFile(new URL(path, ROOT))).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    if (/Deno\.(stdout|stderr)\b|\bconsole\./.test(code)) assert(WRITERS.includes(path), path);
    if (/erminal\.draw\(/.test(code)) assert(PAINTERS.includes(path), path);
  }
});
