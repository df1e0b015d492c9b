/**
 * A server between kas and the sandbox, for answers that the sandbox would not give.
 *
 * @module
 */
import type { Fleet } from "../../unit/admin/fleet.ts";

/** Stands between kas and the sandbox: answers a call, told by its action's name, or hands it on. */
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

/** AWS's no, in CloudWatch's JSON or in the other services' XML. */
export function denial(call: string): Response {
  const body = /Alarm/.test(call)
    ? JSON.stringify({ __type: "AccessDenied", message: "Not you" })
    : "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not you</Message></Error></ErrorResponse>";
  return new Response(body, { status: 403 });
}
