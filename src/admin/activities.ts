/**
 * `kas admin activities`: what the autoscaler decided and did, from its journal.
 *
 * @module
 */
import type { Line } from "../autoscaler/journal.ts";
import { command, ExitError } from "../cli/command.ts";
import { integer, SETTINGS, url } from "../settings.ts";

/** How long an autoscaler is waited for, ms. */
const TIMEOUT = 10_000;

/** `kas admin activities`. */
export const activities = command({
  name: "activities",
  summary: "List what the autoscaler decided and did, the latest first",
  description:
    "Reads the journal in the state folder, or asks a running autoscaler for it. Kind none is a decision to do\n" +
    "nothing; seconds is how long carrying a decision out took, or has taken by now.",
  options: {
    url: {
      placeholder: "URL",
      help: "ask the autoscaler there instead of reading its state folder",
      parse: url,
    },
    state: SETTINGS.state,
    limit: { placeholder: "N", help: "at most so many", default: "100", parse: integer(1, 10_000) },
  },
  examples: [
    "admin activities --state /var/lib/kas",
    "admin activities --url http://127.0.0.1:10001 --limit 20",
  ],
  run: async ({ flags, out, signal }) => {
    const lines = flags.url === undefined
      ? await read(flags.state, flags.limit)
      : await ask(flags.url, flags.limit, signal);
    await out.table(
      ["time", "kind", "instance", "state", "reason", "seconds"],
      lines.map((line) => ({ ...line, phases: null })),
    );
  },
});

async function read(folder: string, limit: number): Promise<readonly Line[]> {
  // node:sqlite is loaded only where it is needed.
  const [{ State }, { Journal }] = await Promise.all([
    import("../autoscaler/state.ts"),
    import("../autoscaler/journal.ts"),
  ]);
  using state = State.read(folder);
  return new Journal(state).lines(limit, Date.now());
}

async function ask(base: string, limit: number, signal: AbortSignal): Promise<readonly Line[]> {
  const target = new URL(`activities?limit=${limit}`, base.endsWith("/") ? base : `${base}/`);
  try {
    const response = await fetch(target, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]) });
    const body = await response.text();
    if (response.status !== 200) throw new Error(`HTTP status ${response.status}: ${body.slice(0, 200)}`);
    return JSON.parse(body);
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ExitError(`Cannot read ${target.href}: ${(cause as Error).message}`, 1, "kas admin ping", {
      cause,
    });
  }
}
