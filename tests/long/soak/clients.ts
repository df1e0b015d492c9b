/**
 * The soak's clients: they come and go at random, and a volley of them asks at the worst moment, right before an instance is
 * deregistered. Every request is to be answered 200.
 *
 * @module
 */
import { ClientPool } from "../../../src/admin/load/clients.ts";
import { realTimer } from "../../../src/admin/load/timer.ts";

/** ms that a client thinks between an answer and its next request. */
const THINK = 200;

/** How many clients there are while there is much to do and while there is little, least and most. */
const CLIENTS = { busy: [7, 10], quiet: [0, 2] } as const;

/** How long either lasts, ms, least and most. */
const SPELL = [4_000, 12_000] as const;

/** Clients of the load balancer; disposing of them closes their connections. */
export class Clients implements Disposable {
  readonly #url: string;
  readonly #http = Deno.createHttpClient({ poolMaxIdlePerHost: 1_024 });
  readonly #inProgress = new Set<Promise<unknown>>();
  /** What became of requests that were not answered 200. */
  readonly failures: string[] = [];
  #requests = 0;

  /** @param url what they ask for */
  constructor(url: string) {
    this.#url = url;
  }

  /** Requests that have ended, one way or the other. */
  get requests(): number {
    return this.#requests;
  }

  /** Lets clients come and go until the signal is aborted, and waits for the last answers. */
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

  /** Asks twice as often at once as there are instances; resolves once each of them has at least one request under way. */
  async volley(instances: number): Promise<void> {
    const requests = Array.from({ length: 2 * instances }, () => this.#ask());
    for (const request of requests) {
      this.#inProgress.add(request);
      void request.finally(() => this.#inProgress.delete(request));
    }
    // One worker works on one at a time: at the first answer every one has its second before it.
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

/** A whole number from the first to the second, both included. */
function between(random: () => number, [least, most]: readonly [number, number]): number {
  return least + Math.floor(random() * (most - least + 1));
}
