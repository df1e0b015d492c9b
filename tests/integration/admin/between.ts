/**
 * A proxy between kas and the sandbox, which gives answers that the sandbox cannot give.
 *
 * @module
 */
import type { Fleet } from "../../unit/admin/fleet.ts";

/**
 * Starts the proxy. `answer` gets the path, target and body of each call. If it returns no response, the proxy forwards the call.
 */
export function between(
  f: Fleet,
  answer: (call: string) => Promise<Response | undefined> | Response | undefined,
): { readonly url: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const body = await request.bytes();
    const { method, headers } = request;
    const call = `${pathname} ${headers.get("x-amz-target")} ${new TextDecoder().decode(body)}`;
    return await answer(call) ?? await fetch(new URL(pathname, f.sandbox.url), { method, headers, body });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Returns the error AccessDenied, as JSON for CloudWatch and as XML for the other services. */
export function denial(call: string): Response {
  const body = /Alarm/.test(call)
    ? JSON.stringify({ __type: "AccessDenied", message: "Not you" })
    : "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not you</Message></Error></ErrorResponse>";
  return new Response(body, { status: 403 });
}
