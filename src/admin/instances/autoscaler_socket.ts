/**
 * Sends requests of the operator to the autoscaler's Unix socket: to the socket of a state folder on this machine, or over SSH to
 * the one on the autoscaler's host.
 *
 * @module
 */
import type { z } from "zod";
import { SOCKET } from "../../autoscaler/http/operator/socket_path.ts";
import { quoteCommand } from "../../cli/command_line.ts";
import { ExitError, UsageError } from "../../cli/command.ts";
import type { Output } from "../../cli/output.ts";
import { HostError } from "../../provision/host_error.ts";
import { BINARY_PATH } from "../../provision/host/paths.ts";
import { openSsh } from "../../provision/ssh/connection.ts";
import type { SshOptions } from "../../provision/ssh/ssh_options.ts";
import { parseJumpHost, parseTarget } from "../../provision/target.ts";
import { readAnswerText, SHORT_ANSWER } from "../../runtime.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { CHOSEN_FLEET } from "../journal/source.ts";
import { SSH_FLAGS } from "./ssh.ts";

const { private: _, ...LOGIN } = SSH_FLAGS;

/** The options that select the autoscaler, and one of its fleets. */
export const AUTOSCALER = {
  fleet: CHOSEN_FLEET,
  state: SETTINGS.state,
  ssh: {
    placeholder: "HOST",
    help: "run the command on the autoscaler's host, [user@]host[:port], over SSH as root",
    parse: parseJumpHost,
  },
  ...LOGIN,
} as const;

/** Maximum time for which kas waits for the answer of the autoscaler, in ms. An observation of the fleet takes at most 300 s. */
const TIMEOUT = 330_000;

/** A fleet of a running autoscaler. */
export interface AutoscalerFleet {
  /** The state folder of the autoscaler. */
  readonly state: string;
  /** The name of the fleet. If absent, the autoscaler must have only one fleet. */
  readonly fleet: string | undefined;
}

/**
 * Sends a request to the autoscaler that uses a state folder on this machine.
 *
 * @param answer the schema of the autoscaler's answer
 * @throws {ExitError} if no autoscaler answers, or if it cannot do what the request asks for
 * @throws {UsageError} if the autoscaler refuses the request
 */
export async function askAutoscaler<T>(
  { state, fleet }: AutoscalerFleet,
  action: "pause" | "resume" | "scale" | "auto" | "progress",
  body: object,
  answer: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T> {
  const path = `${state}/${SOCKET}`;
  try {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
    const chosen = fleet === undefined ? "" : `?${new URLSearchParams({ fleet })}`;
    const response = await fetch(`http://localhost/${action}${chosen}`, {
      client,
      method: "POST",
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
    });
    const text = await readAnswerText(response, SHORT_ANSWER);
    if (response.status === 409) throw new UsageError(text);
    if (response.status === 300) throw new UsageError(text, "--fleet NAME");
    if (response.status === 404) throw new ExitError(`Cannot choose the fleet: ${text}`, 4);
    if (response.status === 502) throw new ExitError(`The autoscaler ${text}`);
    if (response.status !== 200) throw new Error(`it answers ${response.status}: ${text.slice(0, 200)}`);
    return answer.parse(JSON.parse(text));
  } catch (cause) {
    if (signal.aborted || cause instanceof ExitError || cause instanceof UsageError) throw cause;
    throw new ExitError(
      `Cannot reach the autoscaler at ${path}: ${reasonOf(cause)}`,
      1,
      "--state DIR of a running autoscaler, as root or as its user, or --ssh HOST",
      { cause },
    );
  }
}

/** Returns why a request failed. The error of fetch() has the reason in its cause. */
function reasonOf(error: unknown): string {
  const message = `${error instanceof Error && error.cause !== undefined ? error.cause : error}`;
  if (/No such file/.test(message)) return "no autoscaler uses this state folder";
  if (/Connection refused/.test(message)) return "the autoscaler does not run";
  if (/Permission denied/.test(message)) return "only root and the autoscaler's user may use the socket";
  return error instanceof Error ? error.message : message;
}

/**
 * Runs a command of kas on the autoscaler's host, and prints its output. Returns its exit status.
 *
 * @param words the words of the command after `kas`
 * @throws {ExitError} if kas cannot connect
 */
export async function runOnHost(
  host: string,
  words: readonly string[],
  flags: SshOptions & AutoscalerFleet,
  out: Output,
): Promise<number> {
  const { fleet, state } = flags;
  const chosen = fleet === undefined ? [] : ["--fleet", fleet];
  const command = [BINARY_PATH, ...words, ...chosen, "--state", state, "--output", out.options.format];
  try {
    await using connection = await openSsh(parseTarget(host), flags);
    const { code, stderr } = await connection.run(quoteCommand(command), {
      onLine: (line) => out.line(line),
    });
    const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    const isError = (line: string) => line.startsWith("kas: ");
    for (const line of lines) {
      if (isError(line)) out.error(`${host}: ${line.slice("kas: ".length)}`);
      else out.note(`${host}: ${line}`);
    }
    // A status above 1 comes with an error. Status 1 may come without one: a table then names the check that holds an action back.
    if (code > 1 && !lines.some(isError)) out.error(`${host}: kas exits with status ${code}`);
    // kas exits with 0 to 4. A larger status is from another program, for example from the shell.
    return code > 4 ? 1 : code;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new ExitError(`${host}: ${error.message}`, 1, error.hint, { cause: error });
  }
}
