/**
 * Reports to systemd that a service with `Type=notify` is ready, alive or stopping. Without systemd, kas sends no reports.
 *
 * Source: sd_notify(3), sd_watchdog_enabled(3).
 *
 * @module
 */
import type { NotifyPaths, Opened } from "./watchdog_thread.ts";

/** The connection to systemd. Its disposal ends the thread that sends the messages. */
export interface Systemd extends Disposable {
  /** Reports that the service is ready, and starts the watchdog messages. */
  ready(): void;
  /** Reports that the service is stopping. */
  stopping(): void;
}

/** Options of {@linkcode connectSystemd}. */
export interface SystemdOptions {
  /**
   * Returns whether the service is alive. kas calls this function twice per `WatchdogSec`. If the function returns true, kas
   * sends a
   * watchdog message to systemd. Without such messages, systemd restarts the service. A blocked event loop also sends no messages.
   */
  readonly alive?: () => boolean;
  readonly env?: (name: string) => string | undefined;
}

/** Adds the thread's module to the module graph, so that a compiled kas contains the module. kas never calls this function. */
export const inModuleGraph = (): Promise<unknown> => import("./watchdog_thread.ts");

/**
 * Connects to systemd. Call this function before the process drops its permissions, because the thread that it starts needs the
 * permission to write to the socket, and keeps that permission.
 *
 * @throws {Error} if NOTIFY_SOCKET is set and kas cannot use it
 */
export async function connectSystemd(
  { alive = () => true, env = (name) => Deno.env.get(name) }: SystemdOptions = {},
): Promise<Systemd> {
  const socket = env("NOTIFY_SOCKET");
  if (socket === undefined || socket === "") {
    return { ready: () => {}, stopping: () => {}, [Symbol.dispose]: () => {} };
  }
  const thread = await open(socket);
  const send = (text: string) => thread.postMessage(text);
  const period = watchdog(env);
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    ready: () => {
      send("READY=1");
      if (period === undefined) return;
      send("WATCHDOG=1");
      timer = setInterval(() => isAlive(alive) && send("WATCHDOG=1"), period / 2);
    },
    stopping: () => send("STOPPING=1"),
    [Symbol.dispose]: () => {
      clearInterval(timer);
      thread.terminate();
    },
  };
}

async function open(socket: string): Promise<Worker> {
  if (!socket.startsWith("/")) {
    throw new Error(`Cannot notify systemd: NOTIFY_SOCKET is not a path: ${socket}`);
  }
  const own = `/tmp/kas-notify-${crypto.randomUUID()}`;
  const thread = new Worker(new URL("./watchdog_thread.ts", import.meta.url), {
    type: "module",
    name: "notify",
    // Deno counts a unix socket as network access, and Deno 2.7 cannot restrict it to one path.
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
  throw new Error(`Cannot notify systemd: ${error}`);
}

/** Returns `WatchdogSec` in ms, or undefined if systemd does not supervise this process. */
function watchdog(env: (name: string) => string | undefined): number | undefined {
  const us = Number(env("WATCHDOG_USEC"));
  const pid = env("WATCHDOG_PID");
  if (!(us > 0) || (pid !== undefined && pid !== `${Deno.pid}`)) return undefined;
  return us / 1_000;
}

function isAlive(alive: () => boolean): boolean {
  try {
    return alive();
  } catch {
    return false;
  }
}
