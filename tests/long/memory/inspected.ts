/**
 * A process under V8's inspector, which tells what it holds in memory once the garbage is gone.
 *
 * Source: Chrome DevTools Protocol, domains HeapProfiler and Runtime.
 *
 * @module
 */
import type { Running } from "../../support/kas.ts";
import { filesOf, socketsOf, STATES } from "../../support/sockets.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

/**
 * The words that start kas from its source under the inspector. Not quiet: it says where it listens. V8's young generation,
 * which by default grows for minutes, is kept at 2 MiB, so that its growing is not taken for a leak.
 */
export const INSPECTED: readonly string[] = [
  Deno.execPath(),
  "run",
  "-A",
  "--inspect=127.0.0.1:0",
  "--v8-flags=--max-semi-space-size=2",
  MAIN,
];

/** What a process holds. */
export interface Held {
  /** Of V8's heap, of its embedder's and of buffers, bytes. */
  readonly heap: number;
  /** Resident set size, bytes. */
  readonly rss: number;
  /** Files, sockets among them, but for those connections to it that its clients keep open. */
  readonly files: number;
}

/** The inspector's end of a process; disposing of it closes the connection. */
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

  /** What it holds after a collection, the second of two: what the first finalizes, the second frees. */
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

  /** How many files are open but for {@linkcode Held.files}' connections; one that a client has closed counts until kas closes it. */
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
