/**
 * The open port of a listener. A listener for HTTPS or TLS has a self-signed certificate.
 *
 * @module
 */
import { selfSigned } from "../../sns/certificate.ts";
import type { Protocol } from "../../account/load_balancer.ts";
import { BalancerProxy } from "./http_proxy.ts";
import { TcpProxy } from "./tcp_proxy.ts";
import { untilAborted } from "../../wire/until_aborted.ts";

/** Options of {@linkcode listen}. */
export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Returns whether the load balancer's security groups admit clients. Other clients wait without an answer. */
  readonly admits: () => boolean;
  /** Returns the proxy that receives the requests or connections; undefined if its target group or load balancer does not exist. */
  readonly proxy: () => BalancerProxy | TcpProxy | undefined;
}

/** An open port. Its disposal closes the port and all connections. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** Opens a port and forwards its requests or connections to a proxy. Throws Deno.errors.AddrInUse or PermissionDenied. */
export function listen(options: ListenOptions): Listening {
  const { protocol } = options;
  return protocol === "TCP" || protocol === "TLS"
    ? listenForConnections(options)
    : listenForRequests(options);
}

function listenForRequests({ hostname, port, protocol, admits, proxy }: ListenOptions): Listening {
  const closed = new AbortController();
  const options = { hostname, port, signal: closed.signal, onListen: () => {} };
  const handler: Deno.ServeHandler<Deno.NetAddr> = async (request, { remoteAddr }) => {
    if (!admits()) {
      await untilAborted(request.signal, closed.signal);
      return new Response(undefined, { status: 504 });
    }
    const target = proxy();
    return target instanceof BalancerProxy
      ? await target.handle(request, remoteAddr.hostname, protocol.toLowerCase())
      : new Response("no load balancer\n", { status: 503 });
  };
  const { addr, finished } = protocol === "HTTPS"
    ? Deno.serve({ ...options, ...certificate() }, handler)
    : Deno.serve(options, handler);
  return {
    port: addr.port,
    [Symbol.asyncDispose]: async () => {
      closed.abort();
      await finished;
    },
  };
}

function listenForConnections({ hostname, port, protocol, admits, proxy }: ListenOptions): Listening {
  const listener = protocol === "TLS"
    ? Deno.listenTls({ hostname, port, ...certificate() })
    : Deno.listen({ hostname, port });
  const open = new Map<Deno.Conn, Promise<void>>();
  const forward = async (connection: Deno.Conn): Promise<void> => {
    const target = proxy();
    try {
      // Without an admission the client waits until it gives up.
      if (!admits()) await connection.read(new Uint8Array(1));
      else if (target instanceof TcpProxy) await target.accept(connection);
    } catch {
      // The client has closed the connection.
    }
    close(connection);
  };
  const accepted = (async () => {
    for await (const connection of listener) {
      open.set(connection, forward(connection).finally(() => open.delete(connection)));
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const connection of open.keys()) close(connection);
      await Promise.all([accepted, ...open.values()]);
    },
  };
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The connection is closed.
  }
}

let made: { readonly cert: string; readonly key: string } | undefined;

/** Returns the certificate of all listeners of this process: an RSA key takes a while to generate. */
function certificate(): { readonly cert: string; readonly key: string } {
  if (made === undefined) {
    const { pem, privateKey } = selfSigned("sandbox.localhost");
    made = { cert: pem, key: String(privateKey.export({ type: "pkcs8", format: "pem" })) };
  }
  return made;
}
