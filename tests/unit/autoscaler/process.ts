/**
 * Runs `kas autoscaler` as a process in a sandbox, and keeps its output. Tests use it to check what the process reports, and
 * that it keeps secrets.
 *
 * @module
 */
import { FROM_SOURCE, type Running, start } from "../../support/kas.ts";
import type { Stage } from "./fixtures.ts";

/** A running `kas autoscaler` that listens on a port. */
export interface AutoscalerProcess extends Running {
  readonly url: string;
}

/** Starts the process, and waits until it listens. */
export async function startProcess(
  { sandbox, options }: Stage,
  { words = FROM_SOURCE, resync = "1h", args = [], env = {} }: {
    readonly words?: readonly string[];
    readonly resync?: string;
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<AutoscalerProcess> {
  const running = start([
    ...words,
    "autoscaler",
    "--listen",
    "127.0.0.1:0",
    "--state",
    `${options.state}/process`,
    "--warmup",
    "0s",
    "--cooldown-in",
    "0s",
    "--metric-delay",
    "0s",
    "--resync",
    resync,
    ...args,
  ], { ...sandbox.env, ...env });
  const [, url = ""] = await running.line(/listening on (http:\/\/[^\s"]+)/);
  return Object.assign(running, { url });
}

/** A server between the topic and the autoscaler. It forwards the messages, and notes the secrets in them. */
export interface Relay extends AsyncDisposable {
  readonly url: string;
  /** Tokens, signatures, and URLs that change something when a client requests them. No output may contain one of them. */
  readonly secrets: ReadonlySet<string>;
}

/** Starts the forwarding server. */
export function relay(to: string): Relay {
  const secrets = new Set<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (request.method === "GET") return await fetch(to + pathname);
    const body = await request.text();
    const message = JSON.parse(body) as Record<string, string | undefined>;
    for (const name of ["Token", "Signature", "SubscribeURL", "UnsubscribeURL"]) {
      const secret = message[name];
      if (secret !== undefined) secrets.add(secret);
    }
    return await fetch(to, { method: "POST", body, headers: request.headers });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    secrets,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
