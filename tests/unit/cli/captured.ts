/**
 * A terminal that keeps what is written, and commands run on it in this process.
 *
 * @module
 */
import { ExitError, type Group, UsageError } from "../../../src/cli/command.ts";
import type { Terminal } from "../../../src/cli/output.ts";
import { terminalOver } from "../../../src/cli/terminal/process_terminal.ts";
import { run } from "../../../src/cli/run.ts";
import { SettingsError, settingsLookup } from "../../../src/settings/load.ts";

/** A terminal, and what was written to it so far. */
export interface Captured {
  readonly terminal: Terminal;
  readonly out: () => string;
  readonly err: () => string;
}

/** Makes a terminal; by default one that is none, as in a pipe. */
export function captured(traits: Partial<Terminal> & { answer?: string } = {}): Captured {
  const out: string[] = [];
  const err: string[] = [];
  const { answer, ...rest } = traits;
  return {
    terminal: {
      ...terminalOver({
        out: (text) => out.push(text),
        err: (text) => err.push(text),
        interactive: false,
        interactiveError: false,
        color: false,
        columns: 80,
        ask: (question) => {
          if (answer === undefined) return Promise.resolve(null);
          err.push(question);
          return Promise.resolve(answer);
        },
      }),
      ...rest,
    },
    out: () => out.join(""),
    err: () => err.join(""),
  };
}

/** How a command ended. */
export interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** What a command is run with; nothing of this process's environment or files is looked at. */
export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** Contents by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly terminal?: Parameters<typeof captured>[0];
  readonly signal?: AbortSignal;
}

/** Runs words of a command line; errors end it with the status and the line that main.ts gives them. */
export async function runWords(
  root: Group,
  words: readonly string[],
  { env = {}, files = {}, terminal: traits, signal = new AbortController().signal }: Surroundings = {},
): Promise<Ended> {
  const { terminal, out, err } = captured(traits);
  const lookup = settingsLookup((name) => env[name], (path) => files[path]);
  const end = (status: number, error = "") => ({ status, out: out(), err: err() + error });
  try {
    return end(await run(root, words, { terminal, signal, lookup }));
  } catch (error) {
    if (error instanceof UsageError || error instanceof SettingsError) {
      return end(2, `kas: ${error.message}\n`);
    }
    if (error instanceof ExitError) return end(error.status, `kas: ${error.message}\n`);
    throw error;
  }
}
