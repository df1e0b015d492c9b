/**
 * Chooses the fleet that a request is about, by the parameter `fleet` of its URL.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { text } from "./text.ts";

/** Source: RFC 9110, 15.4.1. */
const MULTIPLE_CHOICES = 300;

/**
 * Returns the fleet that a request chooses. A request to an autoscaler with one fleet need not choose. If the request does not choose one of
 * several fleets, returns a response with the status 300 (Multiple Choices) that lists their names.
 */
export function chooseFleet<F extends { readonly fleet: string }>(
  fleets: readonly F[],
  query: URLSearchParams,
): F | Response {
  const name = query.get("fleet");
  const [first] = fleets;
  if (name === null && fleets.length === 1 && first !== undefined) return first;
  const names = fleets.map(({ fleet }) => fleet).join(", ");
  if (name === null) {
    return text(
      `this autoscaler has several fleets: ${names}; choose one of them`,
      MULTIPLE_CHOICES,
    );
  }
  return fleets.find(({ fleet }) => fleet === name) ??
    text(`this autoscaler does not have this fleet; its fleets: ${names}`, STATUS_CODE.NotFound);
}
