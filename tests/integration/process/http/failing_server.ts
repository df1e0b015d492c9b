/**
 * A program that starts an HTTP server whose handler always fails. The program prints the server's port.
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
  // A handler with an error in its types could return a value that is not a Response.
  if (url.endsWith("/string")) return "not a response" as unknown as Response;
  throw new Error("x".repeat(1_000));
});
Deno.stdout.writeSync(new TextEncoder().encode(`${server.addr.port}\n`));
