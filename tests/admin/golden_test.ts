/**
 * What `kas admin` prints, to the letter: testdata/golden/commands, run in each format, and the help of every command.
 *
 * After a change that is meant, write them anew and read the difference before it is committed:
 * `KAS_GOLDEN=write deno test -A tests/admin/golden_test.ts && git diff tests/admin/testdata/golden`.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { admin } from "../../src/admin/command.ts";
import { places } from "../../src/admin/completions.ts";
import { Journal } from "../../src/autoscaler/journal.ts";
import { State } from "../../src/autoscaler/state.ts";
import type { Format } from "../../src/cli/output.ts";
import { realClock } from "../../src/sandbox/clock.ts";
import type { Signal } from "../../src/scaling/alarm.ts";
import { decide } from "../../src/scaling/decide.ts";
import { runWords } from "../cli/captured.ts";
import { FACTS, NOW } from "../scaling/fixtures.ts";
import { type Fleet, fleet } from "./fleet.ts";

const FOLDER = new URL("testdata/golden/", import.meta.url);

/** Compares with a golden file, or writes it where that is asked for. */
async function assertGolden(name: string, text: string): Promise<void> {
  const path = new URL(name, FOLDER);
  if (Deno.env.get("KAS_GOLDEN") === "write") await Deno.writeTextFile(path, text);
  assertEquals(text, await Deno.readTextFile(path));
}

/** A journal of three decisions: one to start, which is done, one to stop, which failed, one to do nothing. */
function writeJournal(folder: string): void {
  using state = State.open(folder);
  const journal = new Journal(state);
  const ask: Record<string, Signal> = {
    out: { kind: "out", source: "manual" },
    in: { kind: "in", source: "manual" },
    none: { kind: "none", source: "resync", why: "none of 3 alarms asks for a step" },
  };
  for (const [i, signal] of [ask["out"], ask["in"], ask["none"]].entries()) {
    if (signal === undefined) continue;
    const now = NOW + i * 600_000;
    const facts = { ...FACTS, now };
    const activity = journal.record({ signal, facts, decision: decide(signal, facts), dryRun: false });
    if (activity === undefined) continue;
    const instance = activity.instance ?? "";
    journal.note(activity.id, { step: "started", instance, began: now + 50, ended: now + 2_050 });
    const [end, why] = i === 0
      ? ["done", activity.reason] as const
      : ["failed", "it did not drain in 300 s"] as const;
    journal.end(activity, end, why, now + 12_000);
  }
}

/** Runs the commands in their order; what a terminal would show, output and errors told apart. */
async function transcript(f: Fleet, format: Format): Promise<string> {
  const files = await Deno.makeTempDir();
  try {
    writeJournal(`${files}/journal`);
    const shown: string[] = [];
    for (const line of (await Deno.readTextFile(new URL("commands", FOLDER))).split("\n")) {
      if (line === "@settled") {
        await f.sandbox.world.until(() => f.sandbox.world.instances().every(isSettled));
      }
      if (!line.startsWith("kas admin ")) continue;
      const words = line.slice("kas admin ".length)
        .replace("journal", `${files}/journal`)
        .replace("not_a_message.json", new URL("not_a_message.json", FOLDER).pathname);
      const separator = words.includes(" -- ") ? words.indexOf(" -- ") : words.length;
      const { status, out, err } = await f.kas(
        `${words.slice(0, separator)} --output ${format}${words.slice(separator)}`,
      );
      shown.push(
        `$ ${line}`,
        out + err.replaceAll(/^(?=.)/gm, "! ") + (status === 0 ? "" : `[status ${status}]\n`),
      );
    }
    return steady(shown.join("\n").replaceAll(`${files}/`, ""), f);
  } finally {
    await Deno.remove(files, { recursive: true });
  }
}

function isSettled({ state }: { readonly state: string }): boolean {
  return state === "running" || state === "stopped";
}

/** What the machine decides, and not the sandbox: the endpoint's port and the block of loopback addresses, as wide as they are. */
function steady(text: string, { sandbox }: Fleet): string {
  return text.replaceAll(sandbox.url, "http://127.0.0.1:45800")
    .replaceAll(/\b127\.77\.\d+\./g, "127.77.100.");
}

/** Timers go on, a hundred times faster than life, but it is always the same moment. */
const stillClock = () => ({ ...realClock(100), now: () => Date.UTC(2026, 0, 1, 12) });

for (const format of ["table", "tsv", "json"] as const) {
  Deno.test(`every command prints what it printed before, as ${format}`, async () => {
    await using f = await fleet({ clock: stillClock() });
    await assertGolden(`${format}.txt`, await transcript(f, format));
  });
}

Deno.test("every command's help is what it was before", async () => {
  const root = { name: "kas", summary: "kas", commands: [admin] };
  const all = (await places(root)).filter(({ path }) => path !== "kas");
  const pages = await Promise.all(all.map(async ({ path }) => {
    const { status, out } = await runWords(root, [...path.split(" ").slice(1), "--help"]);
    assertEquals(status, 0, path);
    return `$ ${path} --help\n${out}`;
  }));
  await assertGolden("help.txt", pages.join("\n"));
});
