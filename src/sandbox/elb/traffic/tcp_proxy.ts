/**
 * The TCP proxy of a Network Load Balancer. The proxy forwards each connection to a target, byte by byte.
 *
 * Source: NLB guide, "Target groups" and "Health checks": a new target receives connections after its first passed check; connections
 * to an unhealthy target end; connections to a draining target end only with the attribute
 * `deregistration_delay.connection_termination.enabled`.
 *
 * @module
 */
import type { Faults } from "../../faults/faults.ts";
import type { Clock } from "../../clock.ts";
import type { Account } from "../../account/account.ts";
import { findPool } from "../../account/snapshot.ts";
import { instanceOf, portOf } from "../../account/load_balancer.ts";
import { reaches } from "./reach.ts";
import { Traffic } from "./traffic.ts";

/** The TCP proxy of one target group. */
export class TcpProxy extends Traffic {
  readonly #watch: Disposable;

  /** @param key ARN of the target group */
  constructor(clock: Clock, account: Account, faults: Faults, key: string) {
    super(clock, account, faults, key);
    this.#watch = account.watch(() => {
      for (const [registration, phase] of findPool(account.current, key)?.registrations ?? []) {
        if (phase === "out-of-service" && this.inProgress(registration) > 0) this.abort(registration);
      }
    });
  }

  /** Forwards a client's connection to a target until one of the two ends. Closes the connection if there is no target. */
  async accept(client: Deno.Conn): Promise<void> {
    using _client = closing(client);
    const { current } = this.account;
    const pool = findPool(current, this.key);
    if (pool === undefined || !("arn" in pool)) return;
    const registration = this.select(pool);
    const instance = registration && current.instances.get(instanceOf(registration));
    if (registration === undefined || !instance) return;
    const port = portOf(registration) ?? pool.port;
    const { signal, done } = this.begin(registration);
    const abort = () => client.close();
    signal.addEventListener("abort", abort, { once: true });
    try {
      // A security group drops the packets to the target, so that the client waits.
      if (this.faults.securityGroups && !reaches(current, pool, instance, port)) {
        await client.read(new Uint8Array(1));
        return;
      }
      const connection = await Deno.connect({ hostname: instance.address, port });
      using _target = closing(connection);
      this.countAnswer();
      const end = () => connection.close();
      signal.addEventListener("abort", end, { once: true });
      await Promise.all([copy(client, connection), copy(connection, client)]);
    } catch {
      // One of the two connections broke. The client sees that its connection ends.
    } finally {
      done();
    }
  }

  override [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

/** Copies bytes until the sender ends its side of the connection, and then ends the same side of the receiver's connection. */
async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const read = await from.read(buffer);
    if (read === null) return await to.closeWrite();
    for (let written = 0; written < read;) written += await to.write(buffer.subarray(written, read));
  }
}

/** Closes a connection at the end of a scope, unless an abort has closed it already. */
function closing(connection: Deno.Conn): Disposable {
  return {
    [Symbol.dispose]: () => {
      try {
        connection.close();
      } catch {
        // The connection is closed.
      }
    },
  };
}
