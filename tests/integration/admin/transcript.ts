/**
 * Runs the commands of testdata/golden with a sandbox as AWS, and returns their output in each format.
 *
 * @module
 */
import { completionPoints } from "../../../src/admin/settings/completion_points.ts";
import { Journal } from "../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../src/autoscaler/store/store.ts";
import type { Format } from "../../../src/cli/output.ts";
import { realClock } from "../../../src/sandbox/clock.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import { decide } from "../../../src/scaling/decide.ts";
import { captured, type Ended, runWords } from "../../unit/cli/captured.ts";
import { NOW, OBSERVATION } from "../../unit/scaling/fixtures.ts";
import { type Fleet, fleet } from "../../unit/admin/fleet.ts";
import { ROOT } from "../../unit/admin/tree.ts";

/** Folder of the golden files and of the lists of commands. */
export const FOLDER = new URL("testdata/golden/", import.meta.url);

/** Replacements for the endpoint's port and for the loopback addresses, which differ between runs. They have the same width. */
const STABLE_URL = "http://127.0.0.1:45800";
const STABLE_BLOCK = "127.77.100.";

/** One command and its output. */
export interface Printed extends Ended {
  readonly line: string;
}

/** Returns the commands of a list in testdata/golden, without the comments. */
export async function commandLines(name: "commands" | "texts"): Promise<string[]> {
  return (await Deno.readTextFile(new URL(name, FOLDER))).split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Runs the commands of the list "commands" in order, in one output format, with a new sandbox as AWS. */
export async function runCommands(format: Format): Promise<Printed[]> {
  await using f = await fleet({ clock: stillClock() });
  const files = await Deno.makeTempDir();
  try {
    writeJournal(`${files}/journal`);
    const block = blockOf(f);
    const stable = (text: string) =>
      text.replaceAll(`${files}/`, "").replaceAll(FOLDER.pathname, "").replaceAll(f.sandbox.url, STABLE_URL)
        .replaceAll(block, STABLE_BLOCK);
    const printed: Printed[] = [];
    for (const line of await commandLines("commands")) {
      if (line === "@settled") {
        await f.sandbox.account.waitUntil(() => f.sandbox.account.instances().every(isSettled));
        continue;
      }
      const words = line.slice("kas admin ".length)
        .replace("journal", `${files}/journal`)
        .replace(/not_a_message.json|invalid.json|load.csv/, (name) => new URL(name, FOLDER).pathname)
        .replaceAll(STABLE_BLOCK, block);
      const separator = words.includes(" -- ") ? words.indexOf(" -- ") : words.length;
      const { status, out, err } = await f.kas(
        `${words.slice(0, separator)} --output ${format}${words.slice(separator)}`,
      );
      // On a slow machine, a command that waits reports its progress every 10 s.
      const reported = stable(err).replaceAll(/^Waiting for AWS, \d+ s\n/gm, "");
      printed.push({ line, status, out: stable(out), err: reported });
    }
    return printed;
  } finally {
    await Deno.remove(files, { recursive: true });
  }
}

/**
 * Runs a command of the list "texts" in one output format. Interrupts `kas admin sandbox` when it has printed that Ctrl-C ends
 * it.
 */
export async function runText(line: string, format: Format): Promise<Printed> {
  const words = [...line.split(" ").slice(1), "--output", format];
  const { status, out, err } = await (words[1] === "sandbox" ? interrupted(words) : runWords(ROOT, words));
  const stable = (text: string) => text.replaceAll(/http:\/\/127\.0\.0\.1:\d{4,5}/g, STABLE_URL);
  return { line, status, out: stable(out), err: stable(err) };
}

/** Returns the help of every command and group. */
export async function helpPages(): Promise<Printed[]> {
  const all = (await completionPoints(ROOT)).filter(({ path }) => path !== "kas");
  return await Promise.all(all.map(async ({ path }) => ({
    line: `${path} --help`,
    ...await runWords(ROOT, [...path.split(" ").slice(1), "--help"]),
  })));
}

async function interrupted(words: readonly string[]): Promise<Ended> {
  const { terminal, out, err } = captured();
  const stop = new AbortController();
  const writeError = (text: string) => {
    terminal.writeError(text);
    if (text.includes("Ctrl-C")) stop.abort();
  };
  const ended = await runWords(ROOT, words, {
    terminal: { ...terminal, writeError },
    signal: stop.signal,
  });
  return { ...ended, out: out(), err: err() + ended.err };
}

/** A clock whose timers run 100 times faster than real time, and whose now() always returns the same time. */
function stillClock() {
  return { ...realClock(100), now: () => Date.UTC(2026, 0, 1, 12) };
}

function isSettled({ state }: { readonly state: string }): boolean {
  return state === "running" || state === "stopped";
}

/** Returns the first three numbers of the IP addresses of a sandbox's instances. */
function blockOf({ sandbox }: Fleet): string {
  return sandbox.account.instances()[0]?.address.replace(/\d+$/, "") ?? "";
}

/** Writes a journal of three decisions: a start that succeeded, a stop that failed, and a decision without an action. */
function writeJournal(folder: string): void {
  using store = Store.open(folder);
  const journal = new Journal(store);
  const triggers: readonly Trigger[] = [
    { kind: "operator", direction: "out" },
    { kind: "operator", direction: "in" },
    { kind: "reconcile" },
  ];
  for (const [i, trigger] of triggers.entries()) {
    const now = NOW + i * 600_000;
    const observation = { ...OBSERVATION, now };
    const [activity] = journal.record({
      trigger,
      observation,
      decision: decide(trigger, observation),
      dryRun: false,
    });
    if (activity === undefined) continue;
    const instance = activity.instance ?? "";
    journal.noteStep(activity.id, { step: "started", instance, began: now + 50, ended: now + 2_050 });
    const [end, why] = i === 0
      ? ["successful", activity.reason] as const
      : ["failed", "the instance did not drain within 300 s"] as const;
    journal.end(activity, end, why, now + 12_000);
  }
}
