/**
 * systemd's end of the notification socket: a datagram socket in a folder of its own, and what was said on it.
 *
 * @module
 */

/** A stand-in for systemd's socket. */
export interface Listener extends Disposable {
  /** The environment of a unit with `Type=notify` and `WatchdogSec`. */
  env(watchdogMs?: number): Record<string, string>;
  /** The next message. */
  next(): Promise<string>;
}

/** Binds the socket. */
export function listener(): Listener {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/notify`;
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  return {
    env: (watchdogMs) => ({
      NOTIFY_SOCKET: path,
      ...(watchdogMs === undefined ? {} : { WATCHDOG_USEC: `${watchdogMs * 1_000}` }),
    }),
    next: async () => new TextDecoder().decode((await socket.receive())[0]),
    [Symbol.dispose]: () => {
      socket.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}
