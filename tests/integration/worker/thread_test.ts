import { assertEquals } from "@std/assert";
import { execute } from "../../support/kas.ts";

const THREAD = new URL("../../../src/worker/thread.ts", import.meta.url);

Deno.test("a burn thread that throws an error fails only its own job, and the process continues", async () => {
  // The test uses a separate process, because Deno prints the error of a thread to stderr even if the error is handled.
  const script = `
    import { BurnThread } from "${THREAD}";
    const throws = "data:text/javascript,onmessage = () => { throw new Error('died') }";
    using thread = new BurnThread(() => new Worker(throws, { type: "module" }));
    const error = await thread.burn(1, new AbortController().signal).catch((error) => error);
    console.log(error.name);
  `;
  const { code, stdout } = await execute([
    Deno.execPath(),
    "run",
    "-A",
    "--quiet",
    `data:text/typescript,${encodeURIComponent(script)}`,
  ]);
  assertEquals([code, stdout.trim()], [0, "BurnThreadError"]);
});
