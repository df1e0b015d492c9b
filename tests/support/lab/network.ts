/**
 * The lab's network: a function passes each request to the program that answers it.
 *
 * @module
 */
import type { VirtualTime } from "./virtual_time.ts";

/** Answers a request. */
export type Route = (request: Request) => Promise<Response>;

/** Returns a `fetch` that uses virtual time. */
export function networkOf(time: VirtualTime, route: Route): typeof fetch {
  return async (input, init) => {
    time.stir();
    const request = new Request(input, init);
    const { signal } = request;
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([route(request), aborted]);
    } finally {
      signal.removeEventListener("abort", abort);
      time.stir();
    }
  };
}

/** Fails as fetch does if no server listens at the address. */
export function refuse(): Promise<never> {
  return Promise.reject(new TypeError("error sending request: connection refused"));
}
