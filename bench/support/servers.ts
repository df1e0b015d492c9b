/**
 * kas's worker and its peers, each as a process, all behind the same nginx.
 *
 * @module
 */
import { BUILT, eventually, execute, type Running, start } from "../../tests/support/kas.ts";
import { installed } from "../../tests/support/needs.ts";
import { type Front, startNginx } from "./nginx.ts";

/** A server that is measured. */
export interface Server {
  readonly name: string;
  /** The URL of the server through nginx, without a path. */
  readonly url: string;
  /** The id of the server's process, or of nginx if there is no server behind nginx. */
  readonly pid: number;
}

/** The running servers, and the reasons why other servers do not run. */
export interface Servers extends AsyncDisposable {
  readonly all: readonly Server[];
  readonly skipped: readonly string[];
}

/** The names of the servers in tables. */
export const KAS = "kas worker";
export const NGINX = "nginx alone";
export const PREDECESSOR = "the predecessor's pool";
const NODE = "Node's http server";
const COMPILED = "epoll in C";

/** The servers that can be measured. All answer /ping; "kas" and "node" also answer /work. */
export type Who = "kas" | "node" | "predecessor" | "compiled";

const PEERS = new URL("../peers/", import.meta.url).pathname;

/** A peer: its program, and how the bench starts it on a port. */
interface Peer {
  readonly name: string;
  readonly program: string;
  readonly words: (port: number, folder: string) => Promise<readonly string[]>;
}

const KINDS: Readonly<Record<Who, Peer>> = {
  kas: {
    name: KAS,
    program: BUILT[0] ?? "",
    words: (port) => Promise.resolve([...BUILT, "worker", "--listen", `127.0.0.1:${port}`]),
  },
  node: {
    name: NODE,
    program: "node",
    words: (port) => Promise.resolve(["node", `${PEERS}server.mjs`, String(port)]),
  },
  predecessor: {
    name: PREDECESSOR,
    program: "python3",
    words: (port) => Promise.resolve(["python3", `${PEERS}pool.py`, String(port)]),
  },
  compiled: {
    name: COMPILED,
    program: "gcc",
    words: async (port, folder) => {
      const { code, stderr } = await execute(["gcc", "-O2", "-o", `${folder}/epoll`, `${PEERS}epoll.c`]);
      if (code !== 0) throw new Error(`gcc: ${stderr}`);
      return [`${folder}/epoll`, String(port)];
    },
  },
};

/** Returns a port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Whether a program is installed. */
export function isInstalled(program: string): boolean {
  return program.includes("/") || installed(program).length > 0;
}

/** Starts nginx and the servers whose programs are installed. */
export async function startServers(who: readonly Who[]): Promise<Servers> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "kas-bench-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const skipped: string[] = [];
  const fronts: (Front & { readonly peer: Peer; readonly process: Running })[] = [];
  for (const kind of who) {
    const peer = KINDS[kind];
    if (!isInstalled(peer.program)) {
      skipped.push(`${peer.name} was skipped: ${peer.program} is not on the PATH.`);
      continue;
    }
    const behind = freePort();
    const process = stack.use(start(await peer.words(behind, folder)));
    fronts.push({ peer, process, name: kind, port: freePort(), behind });
  }
  const port = freePort();
  const nginx = stack.use(await startNginx(fronts, port));
  const all = [
    { name: NGINX, url: `http://127.0.0.1:${port}`, pid: nginx.pid },
    ...fronts.map(({ peer: { name }, process: { pid }, port }) => ({
      name,
      pid,
      url: `http://127.0.0.1:${port}`,
    })),
  ];
  for (const { url } of all) await eventually(() => pong(url), (answered) => answered);
  const owned = stack.move();
  return { all, skipped, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function pong(url: string): Promise<boolean> {
  const response = await fetch(`${url}/ping`);
  return await response.text() === "pong";
}
