/**
 * The soak's clients. Their number changes at random. Right before an instance is deregistered, they send many requests
 * at the same time. Every answer must have status 200.
 *
 * @module
 */
import { ClientPool } from "../../../src/admin/sandbox/load/clients.ts";
import { realTimer } from "../../../src/admin/sandbox/load/timer.ts";

/** The pause of a client between an answer and its next request, ms. */
const THINK = 200;

/** The lowest and the highest number of clients, under high load and under low load. */
const CLIENTS = { busy: [7, 10], quiet: [0, 2] } as const;

/** How long each load lasts at least and at most, in ms. */
const SPELL = [4_000, 12_000] as const;

/** Clients of the load balancer. Their disposal closes the connections. */
export class Clients implements Disposable {
  readonly #url: string;
  readonly #http = Deno.createHttpClient({ poolMaxIdlePerHost: 1_024 });
  readonly #inProgress = new Set<Promise<unknown>>();
  /** The failures: answers with a status other than 200, and broken connections. */
  readonly failures: string[] = [];
  #requests = 0;

  /** @param url what the clients request */
  constructor(url: string) {
    this.#url = url;
  }

  /** How many requests have ended, failures included. */
  get requests(): number {
    return this.#requests;
  }

  /** Changes the number of clients until the signal aborts. Then waits for the last answers. */
  async comeAndGo(random: () => number, signal: AbortSignal): Promise<void> {
    const crowd = new ClientPool({
      send: () => this.#ask(),
      think: THINK,
      onRequestEnd: () => {},
      signal: new AbortController().signal,
    });
    for (let busy = true; !signal.aborted; busy = !busy) {
      const count = between(random, CLIENTS[busy ? "busy" : "quiet"]);
      const left = crowd.setClients(Array.from({ length: count }, (_, n) => `client-${n}`));
      await realTimer.wait(between(random, SPELL), signal);
      await left;
    }
    await crowd.setClients([]);
    await Promise.all(this.#inProgress);
  }

  /** Sends two concurrent requests per instance. Resolves once each instance has at least one request in progress. */
  async volley(instances: number): Promise<void> {
    const requests = Array.from({ length: 2 * instances }, () => this.#ask());
    for (const request of requests) {
      this.#inProgress.add(request);
      void request.finally(() => this.#inProgress.delete(request));
    }
    // A worker handles one request at a time, so at the first answer each worker has received its second request.
    await Promise.race(requests);
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }

  async #ask(): Promise<boolean> {
    let failure: string | undefined;
    try {
      const response = await fetch(this.#url, { client: this.#http });
      const text = await response.text();
      if (response.status !== 200) failure = `${response.status} ${text.trim()}`;
    } catch (error) {
      failure = (error as Error).message;
    }
    this.#requests++;
    if (failure !== undefined) this.failures.push(`${new Date().toISOString()} ${failure}`);
    return failure === undefined;
  }
}

/** A random integer from `least` to `most`. */
function between(random: () => number, [least, most]: readonly [number, number]): number {
  return least + Math.floor(random() * (most - least + 1));
}
