import { assertEquals } from "@std/assert";
import { startWorker } from "../../../../src/worker/service.ts";
import { listen } from "../../../../src/autoscaler/http/listener.ts";

/** Sends bytes on a new connection. Returns the status of the response. */
async function statusOf(port: number, text: string): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode(text));
  const buffer = new Uint8Array(4_096);
  const n = await conn.read(buffer);
  return Number(new TextDecoder().decode(buffer.subarray(0, n ?? 0)).split(" ")[1]);
}

Deno.test("serveHttp() answers 500 to each failure while no process reads stderr, and writes nothing to stderr", async () => {
  const program = new URL("./failing_server.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", program],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdout = child.stdout.getReader();
  const { value } = await stdout.read();
  const at = `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`;
  try {
    // The errors would be larger than the buffer of a pipe, 64 KiB.
    for (let n = 0; n < 200; n++) {
      const response = await fetch(`${at}/${n % 2 === 0 ? "string" : "throw"}`, {
        signal: AbortSignal.timeout(5_000),
      });
      assertEquals([response.status, await response.text()], [500, "internal error"]);
    }
    assertEquals(await (await fetch(`${at}/failures`)).text(), "200");
  } finally {
    child.kill("SIGKILL");
    await stdout.cancel();
    await child.status;
  }
  assertEquals(await new Response(child.stderr).text(), "");
});

Deno.test("the worker takes the path from the request line, and treats no inherited property name as an HTTP method", async () => {
  const failures: unknown[] = [];
  await using worker = startWorker({
    listen: { hostname: "127.0.0.1", port: 0 },
    threads: 1,
    queue: 1,
    workMs: [1, 1],
    onFailure: (error) => failures.push(error),
  });
  const ask = (text: string) => statusOf(worker.address.port, text);
  assertEquals(await ask("GET / HTTP/1.1\r\nHost: x/ping?\r\n\r\n"), 400);
  assertEquals(await ask("GET /x HTTP/1.1\r\nHost: x/work#\r\n\r\n"), 400);
  assertEquals(await ask("GET /ping HTTP/1.0\r\n\r\n"), 200);
  for (const method of ["toString", "constructor", "__proto__", "hasOwnProperty"]) {
    assertEquals(await ask(`${method} /ping HTTP/1.1\r\nHost: x\r\n\r\n`), 405);
  }
  assertEquals(failures, []);
});

Deno.test("the autoscaler answers 500 if its HTTP handler fails, and keeps serving", async () => {
  let fails = true;
  await using listener = listen({ hostname: "127.0.0.1", port: 0 }, () => {
    return Promise.resolve(fails ? "x" as unknown as Response : new Response("pong"));
  });
  const ask = () =>
    statusOf(listener.addr.port, "GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assertEquals(await ask(), 500);
  fails = false;
  assertEquals(await ask(), 200);
});
