/**
 * Relays Debian's mirror to machines that can reach only this host.
 *
 * @module
 */
import { mirror } from "./root_fs.ts";

const HTTP = 80;

/** Relays connections at an address to Debian's mirror until it is disposed of. */
export function relayMirror(hostname: string): AsyncDisposable {
  const listener = Deno.listen({ hostname, port: HTTP });
  const open = new Set<Deno.Conn>();
  const serve = (async () => {
    const relayed: Promise<void>[] = [];
    for await (const from of listener) relayed.push(relay(from, open));
    await Promise.all(relayed);
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const conn of open) conn.close();
      await serve;
    },
  };
}

async function relay(from: Deno.Conn, open: Set<Deno.Conn>): Promise<void> {
  open.add(from);
  try {
    const to = await Deno.connect({ hostname: mirror().hostname, port: HTTP });
    open.add(to);
    await Promise.allSettled([from.readable.pipeTo(to.writable), to.readable.pipeTo(from.writable)]);
    open.delete(to);
  } catch {
    // The mirror is unreachable, which the machine's apt-get reports.
  }
  open.delete(from);
}
