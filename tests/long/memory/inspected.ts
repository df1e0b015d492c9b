/**
 * Measures a process's memory after garbage collections, with V8's inspector.
 *
 * Source: Chrome DevTools Protocol, domains HeapProfiler and Runtime.
 *
 * @module
 */
import type { Running } from "../../support/kas.ts";
import { filesOf, socketsOf, STATES } from "../../support/sockets.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

/**
 * The command that runs kas from its source under the inspector, which prints its address unless `--quiet` is given. V8's young
 * generation is fixed at 2 MiB, because its growth over minutes would look like a leak.
 */
export const INSPECTED: readonly string[] = [
  Deno.execPath(),
  "run",
  "-A",
  "--inspect=127.0.0.1:0",
  "--v8-flags=--max-semi-space-size=2",
  MAIN,
];

/** The memory and files of a process. */
export interface Held {
  /** V8's heap, the embedder's heap and buffers, bytes. */
  readonly heap: number;
  /** Resident set size, bytes. */
  readonly rss: number;
  /** Open files and sockets, without connections that its clients keep open. */
  readonly files: number;
}

/** A connection to the inspector of a process. */
export class Inspector implements Disposable {
  readonly #pid: number;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (result: Record<string, number>) => void>();
  #calls = 0;

  private constructor(pid: number, socket: WebSocket) {
    this.#pid = pid;
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data);
      this.#answers.get(id)?.(result);
      this.#answers.delete(id);
    };
  }

  /** Connects to a process that was started with {@linkcode INSPECTED}. */
  static async of({ pid, line }: Running): Promise<Inspector> {
    const [url] = await line(/ws:\/\/\S+/);
    const socket = new WebSocket(url);
    const open = Promise.withResolvers<void>();
    socket.onopen = () => open.resolve();
    socket.onerror = () => open.reject(new Error(`cannot connect to ${url}`));
    await open.promise;
    return new Inspector(pid, socket);
  }

  /** The memory after two garbage collections: the second frees what the first finalizes. */
  async held(): Promise<Held> {
    await this.#call("HeapProfiler.collectGarbage");
    await this.#call("HeapProfiler.collectGarbage");
    const { usedSize = NaN, embedderHeapUsedSize = NaN, backingStorageSize = NaN } = await this.#call(
      "Runtime.getHeapUsage",
    );
    const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(await Deno.readTextFile(`/proc/${this.#pid}/status`)) ?? [];
    return {
      heap: usedSize + embedderHeapUsedSize + backingStorageSize,
      rss: Number(kib) * 1_024,
      files: await this.#files(),
    };
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  /** The number of open files without {@linkcode Held.files}' connections. A connection that its client has closed counts until kas closes it. */
  async #files(): Promise<number> {
    const files = await filesOf(this.#pid);
    const sockets = await socketsOf(this.#pid, files);
    const ports = new Set(
      sockets.filter(({ state }) => state === STATES.listening).map(({ port }) => port),
    );
    const kept = sockets.filter(({ state, port }) => state === STATES.established && ports.has(port));
    return files.length - kept.length;
  }

  #call(method: string): Promise<Record<string, number>> {
    const id = ++this.#calls;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method }));
    });
  }
}
