/**
 * A stand-in for systemd: a datagram socket in a temporary folder, which receives the messages of a service.
 *
 * @module
 */

/** A socket that receives the messages which a service sends to systemd. */
export interface Listener extends Disposable {
  /** Returns the environment variables that systemd sets for a unit with `Type=notify` and `WatchdogSec`. */
  env(watchdogMs?: number): Record<string, string>;
  /** Waits for the next message and returns it. */
  next(): Promise<string>;
}

/** Opens the socket. */
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
