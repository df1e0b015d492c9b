/**
 * A set of strings whose members can expire.
 *
 * @module
 */

/** A set of strings. At its expiry time, a member leaves the set. */
export class ExpiringSet implements Iterable<string> {
  readonly #expiries = new Map<string, number>();
  readonly #now: () => number;

  /** @param now function that returns the current time in ms since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Adds a member that expires at the time `expiry`, in ms since the epoch. Default: the member never expires. */
  add(member: string, expiry = Infinity): void {
    this.#expiries.set(member, expiry);
  }

  has(member: string): boolean {
    return (this.#expiries.get(member) ?? -Infinity) > this.#now();
  }

  delete(member: string): boolean {
    return this.#expiries.delete(member);
  }

  clear(): void {
    this.#expiries.clear();
  }

  *[Symbol.iterator](): Iterator<string> {
    for (const member of this.#expiries.keys()) if (this.has(member)) yield member;
  }
}
