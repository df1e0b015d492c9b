/**
 * Earlier snapshots of the simulated account, which stale reads return.
 *
 * @module
 */
import type { Snapshot } from "./snapshot.ts";

/** How long the history keeps a snapshot, in ms of real time. This is also the greatest age of a stale read. */
const RETENTION = 60_000;

/** Minimum time between two kept snapshots, in ms of real time. It bounds memory: a large fleet changes often. */
const RESOLUTION = 20;

/** The account's snapshots of the last minute. */
export class SnapshotHistory {
  /** Snapshots, oldest first. `validUntil` is the time at which a newer snapshot replaced the snapshot, in ms since the epoch. */
  #entries: { readonly validUntil: number; readonly snapshot: Snapshot }[] = [];

  /** Adds a snapshot that a newer snapshot replaced at the time `validUntil`, in ms since the epoch. */
  add(snapshot: Snapshot, validUntil: number): void {
    const latest = this.#entries.at(-1);
    if (latest === undefined || validUntil - latest.validUntil >= RESOLUTION) {
      this.#entries.push({ validUntil, snapshot });
    }
    const firstKept = this.#entries.findIndex((entry) => entry.validUntil > validUntil - RETENTION);
    if (firstKept > 0) this.#entries = this.#entries.slice(firstKept);
  }

  /**
   * Returns the snapshot that was valid at a time, accurate to {@linkcode RESOLUTION} ms. Returns undefined if the current snapshot
   * was already valid at that time.
   */
  at(time: number): Snapshot | undefined {
    return this.#entries.find(({ validUntil }) => validUntil > time)?.snapshot;
  }

  /** Discards every earlier snapshot. */
  clear(): void {
    this.#entries = [];
  }
}
