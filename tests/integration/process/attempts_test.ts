import { assertEquals } from "@std/assert";
import { stage } from "../../unit/autoscaler/fixtures.ts";
import { eventually, type Running, start } from "../../support/kas.ts";

const PROGRAM = new URL("./attempts.ts", import.meta.url).pathname;

const service = (words: readonly string[], env: Record<string, string> = {}): Running =>
  start([Deno.execPath(), "run", "-A", "--no-prompt", "--quiet", PROGRAM, ...words], env);

async function outcomes(running: Running): Promise<Record<string, string>> {
  const [line] = await running.line(/^\{.*\}$/);
  return JSON.parse(line);
}

/** The attempts for which no service has the permission. */
const FORBIDDEN = {
  "write /etc": "NotCapable",
  "write a temporary file": "NotCapable",
  "remove a file": "NotCapable",
  "run a shell": "NotCapable",
  "load a library": "NotCapable",
  "load code from elsewhere": "NotCapable",
  "get a permission back": "NotCapable",
  "have a thread that may": "NotCapable",
};

Deno.test("a listening kas worker has no permission except the permission to serve requests", async () => {
  await using running = service(["worker", "--listen", "127.0.0.1:0", "--threads", "1", "--work-ms", "1"]);
  const [, url] = await running.line(/listening on (http:\/\/\S+)/);
  assertEquals(await outcomes(running), {
    ...FORBIDDEN,
    "connect": "NotCapable",
    "look a name up": "NotCapable",
    "listen": "NotCapable",
    "read the environment": "NotCapable",
    "read the host's name": "NotCapable",
  });
  for (const path of ["ping", "work"]) {
    const response = await fetch(`${url}/${path}`);
    assertEquals(response.status, 200, await response.text());
  }
});

Deno.test("kas autoscaler keeps only the permissions to reach AWS, and writes only to its open files", async () => {
  await using it = await stage();
  await using running = service(
    ["autoscaler", "--listen", "127.0.0.1:0", "--state", `${it.options.state}/attempts`, "--resync", "50ms"],
    it.sandbox.env,
  );
  assertEquals(await outcomes(running), {
    ...FORBIDDEN,
    "connect": "ConnectionRefused",
    "look a name up": "done",
    "listen": "done",
    "read the environment": "done",
    "read the host's name": "done",
  });
  // The autoscaler can still make decisions and write them to the journal.
  const [, url] = await running.line(/listening on (http:\/\/[^\s"]+)/);
  const recorded = async () => (await (await fetch(`${url}/activities`)).json()).length;
  const before = await recorded();
  await eventually(recorded, (now) => now > before);
});
