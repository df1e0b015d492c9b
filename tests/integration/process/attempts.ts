/**
 * A program that runs a service of kas in its process. When the service has dropped its permissions, the program attempts actions
 * for which a service has no permission. It prints one line of JSON with each attempt and the class of its error, or "done".
 *
 * @module
 */
import { autoscaler } from "../../../src/autoscaler/command.ts";
import { run } from "../../../src/cli/run.ts";
import { processTerminal } from "../../../src/cli/terminal/process_terminal.ts";
import { settingsLookup } from "../../../src/settings/load.ts";
import { worker } from "../../../src/worker/command.ts";

/** The URL is in a variable, so that Deno does not load the module before the program starts. */
const ELSEWHERE = "https://example.invalid/code.js";

const ATTEMPTS: Record<string, () => unknown> = {
  "write /etc": () => Deno.writeTextFileSync("/etc/kas-was-here", ""),
  "write a temporary file": () => Deno.makeTempFileSync(),
  "remove a file": () => Deno.removeSync("/tmp/kas-is-not-here"),
  "run a shell": () => new Deno.Command("/bin/sh", { args: ["-c", "true"] }).outputSync(),
  "load a library": () => Deno.dlopen("libc.so.6", {}),
  "load code from elsewhere": () => import(ELSEWHERE),
  "connect": () => Deno.connect({ hostname: "127.0.0.1", port: 1 }),
  "look a name up": () => Deno.resolveDns("localhost", "A"),
  "listen": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
  "read the environment": () => Deno.env.get("HOME"),
  "read the host's name": () => Deno.hostname(),
  "get a permission back": async () => {
    const { state } = await Deno.permissions.request({ name: "write" });
    if (state !== "granted") throw new Deno.errors.NotCapable(state);
  },
  "have a thread that may": () =>
    new Worker("data:text/javascript,", { type: "module", deno: { permissions: { run: true } } }),
};

async function outcome(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return "done";
  } catch (error) {
    const { name, message } = error as Error;
    // import() throws a TypeError if Deno denies the permission.
    return name === "TypeError" && /^Requires \w+ access/.test(message) ? "NotCapable" : `${name}`;
  }
}

const stop = new AbortController();
Deno.addSignalListener("SIGTERM", () => stop.abort());
const kas = { name: "kas", summary: "", commands: [worker, autoscaler] };
const terminal = processTerminal();
const running = run(kas, Deno.args, {
  terminal,
  signal: stop.signal,
  lookup: settingsLookup(),
});
// The service drops its permissions when it listens.
while ((await Deno.permissions.query({ name: "write" })).state === "granted") {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
const outcomes: Record<string, string> = {};
for (const [name, attempt] of Object.entries(ATTEMPTS)) outcomes[name] = await outcome(attempt);
terminal.write(`${JSON.stringify(outcomes)}\n`);
Deno.exit(await running);
