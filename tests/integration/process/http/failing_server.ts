/**
 * A program: a server whose handler fails each time. It prints its port.
 *
 * @module
 */
import { serveHttp } from "../../../../src/process/http/serve.ts";

let failures = 0;
const server = serveHttp({
  hostname: "127.0.0.1",
  port: 0,
  signal: new AbortController().signal,
  onFailure: () => failures++,
}, ({ url }) => {
  if (url.endsWith("/failures")) return new Response(String(failures));
  // As a handler does that takes an inherited function for its own.
  if (url.endsWith("/string")) return "not a response" as unknown as Response;
  throw new Error("x".repeat(1_000));
});
Deno.stdout.writeSync(new TextEncoder().encode(`${server.addr.port}\n`));
