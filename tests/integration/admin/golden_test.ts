/**
 * What `kas admin` prints, to the letter: testdata/golden/commands and texts, run in each format, and the help of every command.
 *
 * After a change that is meant, write them anew and read the difference before it is committed:
 * `KAS_GOLDEN=write deno test -A tests/integration/admin/golden_test.ts && git diff tests/integration/admin/testdata/golden`.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { places } from "../../../src/admin/settings/completions.ts";
import { Journal } from "../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../src/autoscaler/store/state_folder.ts";
import type { Format } from "../../../src/cli/output.ts";
import { realClock } from "../../../src/sandbox/clock.ts";
import type { Recommendation } from "../../../src/scaling/model/alarm.ts";
import { decide } from "../../../src/scaling/decide.ts";
import { captured, type Ended, runWords } from "../../unit/cli/captured.ts";
import { FACTS, NOW } from "../../unit/scaling/fixtures.ts";
import { type Fleet, fleet } from "../../unit/admin/fleet.ts";
import { commandOf, commands, ROOT } from "../../unit/admin/tree.ts";

const FOLDER = new URL("testdata/golden/", import.meta.url);
const FORMATS = ["table", "tsv", "json"] as const satisfies readonly Format[];

/** The columns that hold what a clock measured. Their numbers are not looked at. */
const MEASURED = ["ms", "rps", "p50_ms", "p99_ms"];

/** For what the machine decides, and not the sandbox: the endpoint's port and the block of loopback addresses, as wide as they are. */
const STEADY_URL = "http://127.0.0.1:45800";
const STEADY_BLOCK = "127.77.100.";

/** Compares with a golden file, or writes it where that is asked for. */
async function assertGolden(name: string, text: string): Promise<void> {
  const path = new URL(name, FOLDER);
  if (Deno.env.get("KAS_GOLDEN") === "write") await Deno.writeTextFile(path, text);
  assertEquals(text, await Deno.readTextFile(path));
}

/** A journal of three decisions: one to start, which is done, one to stop, which failed, one to do nothing. */
function writeJournal(folder: string): void {
  using state = Store.open(folder);
  const journal = new Journal(state);
  const ask: Record<string, Recommendation> = {
    out: { kind: "out", source: "manual" },
    in: { kind: "in", source: "manual" },
    none: { kind: "none", source: "resync", why: "none of 3 alarms asks for a step" },
  };
  for (const [i, signal] of [ask["out"], ask["in"], ask["none"]].entries()) {
    if (signal === undefined) continue;
    const now = NOW + i * 600_000;
    const facts = { ...FACTS, now };
    const activity = journal.record({
      recommendation: signal,
      observation: facts,
      decision: decide(signal, facts),
      dryRun: false,
    });
    if (activity === undefined) continue;
    const instance = activity.instance ?? "";
    journal.note(activity.id, { step: "started", instance, began: now + 50, ended: now + 2_050 });
    const [end, why] = i === 0
      ? ["done", activity.reason] as const
      : ["failed", "it did not drain in 300 s"] as const;
    journal.end(activity, end, why, now + 12_000);
  }
}

/** The lines of a file of commands, notes left out. */
async function lines(name: string): Promise<string[]> {
  return (await Deno.readTextFile(new URL(name, FOLDER))).split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** What a terminal would show, output and errors told apart. */
function shown(line: string, { status, out, err }: Ended): string {
  return `$ ${line}\n${out}${err.replaceAll(/^(?=.)/gm, "! ")}${status === 0 ? "" : `[status ${status}]\n`}`;
}

/** Runs the commands in their order. */
async function transcript(f: Fleet, format: Format): Promise<string> {
  const files = await Deno.makeTempDir();
  try {
    writeJournal(`${files}/journal`);
    const block = blockOf(f);
    const all: string[] = [];
    for (const line of await lines("commands")) {
      if (line === "@settled") {
        await f.sandbox.world.until(() => f.sandbox.world.instances().every(isSettled));
        continue;
      }
      const words = line.slice("kas admin ".length)
        .replace("journal", `${files}/journal`)
        .replace("not_a_message.json", new URL("not_a_message.json", FOLDER).pathname)
        .replaceAll(STEADY_BLOCK, block);
      const separator = words.includes(" -- ") ? words.indexOf(" -- ") : words.length;
      const ended = await f.kas(`${words.slice(0, separator)} --output ${format}${words.slice(separator)}`);
      all.push(shown(line, { ...ended, out: unmeasured(ended.out, format) }));
    }
    return all.join("\n").replaceAll(`${files}/`, "")
      .replaceAll(f.sandbox.url, STEADY_URL).replaceAll(block, STEADY_BLOCK);
  } finally {
    await Deno.remove(files, { recursive: true });
  }
}

function isSettled({ state }: { readonly state: string }): boolean {
  return state === "running" || state === "stopped";
}

/** The first three numbers of the addresses of a sandbox's instances. */
function blockOf({ sandbox }: Fleet): string {
  return sandbox.world.instances()[0]?.address.replace(/\d+$/, "") ?? "";
}

/** A table with `~` for the numbers of the columns that are measured. */
function unmeasured(out: string, format: Format): string {
  if (format === "json") {
    const fields = new RegExp(`"(${MEASURED.join("|")})":"?[0-9.]+"?(?=[,}])`, "g");
    return out.replaceAll(fields, '"$1":"~"');
  }
  const [header = "", ...rows] = out.split("\n");
  const gap = format === "tsv" ? "\t" : /(?<= {2})(?=\S)/;
  const names = header.split(gap).map((name) => name.trim().toLowerCase());
  if (!names.some((name) => MEASURED.includes(name))) return out;
  const masked = rows.map((row) =>
    row.split(gap).map((cell, i) =>
      MEASURED.includes(names[i] ?? "")
        ? cell.replace(/^[0-9.]+/, (number) => "~".padEnd(format === "tsv" ? 1 : number.length))
        : cell
    ).join(format === "tsv" ? "\t" : "").trimEnd()
  );
  return [header, ...masked].join("\n");
}

/** Runs a command that goes on until it is interrupted, which it is when it says that Ctrl-C ends it. */
async function interrupted(words: readonly string[]): Promise<Ended> {
  const { terminal, out, err } = captured();
  const stop = new AbortController();
  const writeError = (text: string) => {
    terminal.writeError(text);
    if (text.includes("Ctrl-C ends")) stop.abort();
  };
  const ended = await runWords(ROOT, words, {
    terminal: { ...terminal, writeError },
    signal: stop.signal,
  });
  return { ...ended, out: out(), err: err() + ended.err };
}

/** Timers go on, a hundred times faster than life, but it is always the same moment. */
const stillClock = () => ({ ...realClock(100), now: () => Date.UTC(2026, 0, 1, 12) });

for (const format of FORMATS) {
  Deno.test(`every command prints what it printed before, as ${format}`, async () => {
    await using f = await fleet({ clock: stillClock() });
    await assertGolden(`${format}.txt`, await transcript(f, format));
  });
}

Deno.test("what prints no table prints the same in every format, and what it printed before", async () => {
  const all: string[] = [];
  for (const line of await lines("texts")) {
    const words = line.split(" ").slice(1);
    const run = words[1] === "sandbox" ? interrupted : (words: readonly string[]) => runWords(ROOT, words);
    const texts = new Set<string>();
    for (const format of FORMATS) {
      const text = shown(line, await run([...words, "--output", format]));
      texts.add(text.replaceAll(/http:\/\/127\.0\.0\.1:\d{4,5}/g, STEADY_URL));
    }
    assertEquals(texts.size, 1, line);
    all.push(...texts);
  }
  await assertGolden("texts.txt", all.join("\n"));
});

Deno.test("every command is among those whose output is held to what it was", async () => {
  const written = [...await lines("commands"), ...await lines("texts")].filter((line) =>
    line.startsWith("kas ")
  );
  const held = new Set(await Promise.all(written.map((line) => commandOf(line.split(" ").slice(1)))));
  assertEquals([...(await commands()).keys()].filter((path) => !held.has(path)), []);
});

Deno.test("every command's help is what it was before", async () => {
  const all = (await places(ROOT)).filter(({ path }) => path !== "kas");
  const pages = await Promise.all(all.map(async ({ path }) => {
    const { status, out } = await runWords(ROOT, [...path.split(" ").slice(1), "--help"]);
    assertEquals(status, 0, path);
    return `$ ${path} --help\n${out}`;
  }));
  await assertGolden("help.txt", pages.join("\n"));
});
