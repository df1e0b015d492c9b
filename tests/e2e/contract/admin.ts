/**
 * `kas admin` in this process: the same commands, a terminal that keeps what is printed.
 *
 * @module
 */
import { admin } from "../../../src/admin/command.ts";
import { ExitError, UsageError } from "../../../src/cli/command.ts";
import { run } from "../../../src/cli/run.ts";
import { settingsLookup } from "../../../src/settings/load.ts";
import type { Backend } from "./backends.ts";

/** How a command ended, with its rows by column. */
export interface Answer {
  readonly status: number;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly stderr: string;
}

/** Runs `kas admin …words` for a fleet; its rows are read from `--output json`. */
export async function kas(
  { url, region, said }: Backend,
  fleet: string,
  ...words: string[]
): Promise<Answer> {
  said.push(words);
  let stdout = "";
  let stderr = "";
  const terminal = {
    write: (text: string) => void (stdout += text),
    writeError: (text: string) => void (stderr += text),
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
