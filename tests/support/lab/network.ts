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
  // The signal of a request in Deno 2.7 follows the caller's signal only as long as something refers to the request.
  const inProgress = new Set<Request>();
  return async (input, init) => {
    time.stir();
    const request = new Request(input, init);
    inProgress.add(request);
    const { signal } = request;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => reject(signal.reason);
    try {
      signal.throwIfAborted();
      signal.addEventListener("abort", abort, { once: true });
      return await Promise.race([route(request), aborted]);
    } finally {
      inProgress.delete(request);
      signal.removeEventListener("abort", abort);
      time.stir();
    }
  };
}

/** Fails as fetch does if no server listens at the address. */
export function refuse(): Promise<never> {
  return Promise.reject(new TypeError("error sending request: connection refused"));
}
