/**
 * Machines for tests: servers in this process that a test can break, delay and inspect.
 *
 * @module
 */
import deno from "../../../deno.json" with { type: "json" };
import type { MachineAddress, MachineFactory } from "../../../src/sandbox/machines/machine.ts";

/** The port on which the machines serve. */
export const INSTANCE_PORT = 30_000;

/** Machines in this process. */
export interface LocalMachines {
  readonly make: MachineFactory;
  /** Instances whose /ping fails. */
  readonly broken: Set<string>;
  /** The kas version that an instance reports, by instance id; this version by default. */
  readonly versions: Map<string, string>;
  /** Number of requests to /work that were received, by instance id. */
  readonly served: Map<string, number>;
  /** Functions that release waiting requests to /work, by instance id. */
  readonly held: Map<string, (() => void)[]>;
  /** Whether requests to /work wait. */
  hold: boolean;
  /** Ids of the machines that run. */
  readonly on: Set<string>;
}

/**
 * Creates machines that respond to /ping with pong and to /work with their instance's id, and echo any other request.
 */
export function localMachines(): LocalMachines {
  const machines: LocalMachines = {
    broken: new Set(),
    versions: new Map(),
    served: new Map(),
    held: new Map(),
    hold: false,
    on: new Set(),
    make: (host) => {
      const closed = new AbortController();
      let suspended: PromiseWithResolvers<void> | undefined;
      const resume = () => {
        suspended?.resolve();
        suspended = undefined;
      };
      const server = Deno.serve(
        { hostname: host.address, port: INSTANCE_PORT, signal: closed.signal, onListen: () => {} },
        async (request) => {
          await suspended?.promise;
          return await answer(machines, host, request);
        },
      );
      machines.on.add(host.id);
      return {
        cpuSeconds: () => 0,
        signal: (signal) => {
          if (signal === "SIGSTOP") suspended ??= Promise.withResolvers();
          else resume();
          if (signal === "SIGKILL") closed.abort();
        },
        [Symbol.asyncDispose]: async () => {
          machines.on.delete(host.id);
          resume();
          closed.abort();
          await server.finished;
        },
      };
    },
  };
  return machines;
}

async function answer(machines: LocalMachines, { id }: MachineAddress, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/ping") {
    const headers = { "kas-version": machines.versions.get(id) ?? deno.version };
    return new Response("pong", { status: machines.broken.has(id) ? 500 : 200, headers });
  }
  if (pathname !== "/work") {
    const headers = Object.fromEntries(request.headers);
    return new Response(await request.text(), {
      status: 418,
      headers: { "x-seen": JSON.stringify({ url: request.url, headers }) },
    });
  }
  machines.served.set(id, (machines.served.get(id) ?? 0) + 1);
  if (machines.hold) {
    await new Promise<void>((resolve) => machines.held.set(id, [...machines.held.get(id) ?? [], resolve]));
  }
  return new Response(id);
}
