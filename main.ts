/**
 * The entry point of kas: the table of subcommands. kas loads a subcommand only if the command line names it. Only this file maps
 * errors to exit statuses.
 *
 * @module
 */
import { ExitError, type Group, UsageError } from "./src/cli/command.ts";
import { type Hint, hintText, withHint } from "./src/cli/command_line.ts";
import { inOneLine } from "./src/cli/terminal/escape.ts";
import type { Output } from "./src/cli/output.ts";
import { run } from "./src/cli/run.ts";
import { processTerminal } from "./src/cli/terminal/process_terminal.ts";
import { SettingsError, settingsLookup } from "./src/settings/load.ts";
import { ORIGIN, VERSION } from "./src/build/version.ts";

const KAS: Group = {
  name: "kas",
  summary: "An autoscaler for EC2 fleets in one executable",
  commands: [
    {
      name: "worker",
      summary: "Serve /ping and CPU-bound /work on an instance",
      load: async () => (await import("./src/worker/command.ts")).worker,
    },
    {
      name: "autoscaler",
      summary: "Receive CloudWatch alarms through SNS and scale the fleet",
      load: async () => (await import("./src/autoscaler/command.ts")).autoscaler,
    },
    {
      name: "admin",
      summary: "Set up, inspect and operate fleets",
      load: async () => (await import("./src/admin/command.ts")).admin,
    },
  ],
};

/** Runs kas with its arguments. Returns the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  const terminal = processTerminal();
  const stop = new AbortController();
  let interrupted = 0;
  let out: Output | undefined;
  const interrupt = () => {
    stop.abort(new DOMException("Interrupted", "AbortError"));
    // At the first signal, the command stops cleanly. At the second signal, kas exits at once.
    if (++interrupted > 1) Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupt);
  Deno.addSignalListener("SIGTERM", interrupt);
  try {
    if (argv[0] === "--version") {
      terminal.write(`kas ${VERSION} (${ORIGIN}, ${Deno.build.target}, deno ${Deno.version.deno})\n`);
      return 0;
    }
    if (argv[0] === "--licenses") {
      // The text is large, so kas loads it only for --licenses.
      const { default: notices } = await import("./src/build/licenses.txt", { with: { type: "text" } });
      terminal.write(notices);
      return 0;
    }
    const onOutput = (it: Output) => out = it;
    return await run(KAS, argv, { terminal, signal: stop.signal, lookup: settingsLookup(), onOutput });
  } catch (error) {
    const { message, hint, status } = outcome(error, stop.signal);
    terminal.writeError(`kas: ${inOneLine(message)}\n`);
    if (hint !== undefined) terminal.writeError(`Try: ${inOneLine(hintText(hint))}\n`);
    if (error instanceof ExitError) { for (const detail of error.details) out?.detail(hintText(detail)); }
    return status;
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
    Deno.removeSignalListener("SIGTERM", interrupt);
  }
}

/** Returns the message and the hint that kas prints for an error, and the exit status. */
function outcome(
  error: unknown,
  signal: AbortSignal,
): { message: string; hint?: Hint | undefined; status: number } {
  if (error instanceof UsageError) {
    // kas prints a usage error and its hint in one line.
    return {
      message: withHint(error.message, error.hint),
      status: 2,
    };
  }
  if (error instanceof ExitError) return { message: error.message, hint: error.hint, status: error.status };
  if (error instanceof SettingsError) return { message: error.message, status: 2 };
  if (signal.aborted) return { message: "Interrupted", status: 130 };
  if (error instanceof Error) return { message: error.message || error.name, status: 1 };
  return { message: String(error), status: 1 };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
