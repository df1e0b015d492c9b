/**
 * Tells systemd how a service of `Type=notify` is: ready, alive, stopping. Where no systemd asked, nothing happens.
 *
 * Source: sd_notify(3), sd_watchdog_enabled(3).
 *
 * @module
 */
import type { NotifyPaths, Opened } from "./watchdog_thread.ts";

/** The way to systemd. Disposing of it says that the service is stopping no longer, and ends the thread. */
export interface Systemd extends Disposable {
  /** The service does what it is for. */
  ready(): void;
  /** The service is on its way to its end. */
  stopping(): void;
}

/** What is told, and how often the service is asked. */
export interface SystemdOptions {
  /**
   * Asked twice a `WatchdogSec`: false or an error, and systemd is not told that the service lives. It is asked by the event
   * loop, so that one that does not turn is not alive either.
   */
  readonly alive?: () => boolean;
  readonly env?: (name: string) => string | undefined;
}

/** Never called: it puts thread.ts in the module graph, without which a compiled kas lacks it. */
export const inModuleGraph = (): Promise<unknown> => import("./watchdog_thread.ts");

/**
 * Opens the way to systemd, before the process gives its permissions up: a thread keeps those to write to this one socket.
 *
 * @throws {Error} if systemd asked to be told and can't be
 */
export async function connectSystemd(
  { alive = () => true, env = (name) => Deno.env.get(name) }: SystemdOptions = {},
): Promise<Systemd> {
  const socket = env("NOTIFY_SOCKET");
  if (socket === undefined || socket === "") {
    return { ready: () => {}, stopping: () => {}, [Symbol.dispose]: () => {} };
  }
  const thread = await open(socket);
  const tell = (text: string) => thread.postMessage(text);
  const period = watchdog(env);
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    ready: () => {
      tell("READY=1");
      if (period === undefined) return;
      tell("WATCHDOG=1");
      timer = setInterval(() => works(alive) && tell("WATCHDOG=1"), period / 2);
    },
    stopping: () => tell("STOPPING=1"),
    [Symbol.dispose]: () => {
      clearInterval(timer);
      thread.terminate();
    },
  };
}

async function open(socket: string): Promise<Worker> {
  if (!socket.startsWith("/")) throw new Error(`Cannot tell systemd: NOTIFY_SOCKET is no path: ${socket}`);
  const own = `/tmp/kas-notify-${crypto.randomUUID()}`;
  const thread = new Worker(new URL("./watchdog_thread.ts", import.meta.url), {
    type: "module",
    name: "notify",
    // To Deno a unix socket is of the network too, and 2.7 knows no list of them.
    deno: { permissions: { net: true, read: [socket, own], write: [socket, own] } },
  });
  const { promise, resolve } = Promise.withResolvers<Opened>();
  thread.onmessage = ({ data }: MessageEvent<Opened>) => resolve(data);
  thread.onerror = (event) => {
    event.preventDefault();
    resolve({ error: event.message });
  };
  thread.postMessage({ socket, own } satisfies NotifyPaths);
  const { error } = await promise;
  if (error === undefined) return thread;
  thread.terminate();
  throw new Error(`Cannot tell systemd: ${error}`);
}

/** ms of `WatchdogSec`; undefined where systemd does not watch this process. */
function watchdog(env: (name: string) => string | undefined): number | undefined {
  const us = Number(env("WATCHDOG_USEC"));
  const pid = env("WATCHDOG_PID");
  if (!(us > 0) || (pid !== undefined && pid !== `${Deno.pid}`)) return undefined;
  return us / 1_000;
}

function works(alive: () => boolean): boolean {
  try {
    return alive();
  } catch {
    return false;
  }
}
