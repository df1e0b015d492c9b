/**
 * Runs `kas admin` in this process and captures its output.
 *
 * @module
 */
import { admin } from "../../../src/admin/command.ts";
import { ExitError, UsageError } from "../../../src/cli/command.ts";
import { run } from "../../../src/cli/run.ts";
import { settingsLookup } from "../../../src/settings/load.ts";
import type { Backend } from "./backends.ts";

/** The exit status of a command, its rows by column, and its stderr. */
export interface Answer {
  readonly status: number;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly stderr: string;
}

/** Runs `kas admin …words` for a fleet. The rows are those of `--output json`. */
export async function kas(
  { url, region, ran }: Backend,
  fleet: string,
  ...words: string[]
): Promise<Answer> {
  ran.push(words);
  let stdout = "";
  let stderr = "";
  const terminal = {
    write: (text: string) => void (stdout += text),
    writeError: (text: string) => void (stderr += text),
    draw: () => {},
    interactive: false,
    interactiveError: false,
    color: false,
    columns: 80,
    ask: () => Promise.resolve(null),
  };
  const env: Record<string, string> = { AWS_ENDPOINT_URL: url, AWS_REGION: region, KAS_FLEET: fleet };
  const lookup = settingsLookup((name) => env[name], () => undefined);
  const root = { name: "kas", summary: "", commands: [admin] };
  let status: number;
  try {
    const argv = ["admin", ...words, "--output", "json"];
    status = await run(root, argv, { terminal, signal: new AbortController().signal, lookup });
  } catch (error) {
    if (error instanceof ExitError) status = error.status;
    else if (error instanceof UsageError) status = 2;
    else throw error;
    stderr += error.message;
  }
  return { status, rows: stdout === "" ? [] : JSON.parse(stdout), stderr };
}
