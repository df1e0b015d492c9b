/**
 * Earlier snapshots of the account, for reads that lag behind.
 *
 * @module
 */
import type { Snapshot } from "./snapshot.ts";

/** How long a snapshot is kept, real ms. It bounds the lag of reads. */
const RETENTION = 60_000;

/** Least time between two kept snapshots, real ms. A large fleet changes more often, and each snapshot costs memory. */
const RESOLUTION = 20;

/** The snapshots of the last minute. */
export class SnapshotHistory {
  /** Oldest first. `validUntil` is the time at which the snapshot was replaced, ms since the epoch. */
  #entries: { readonly validUntil: number; readonly snapshot: Snapshot }[] = [];

  /** Records that a snapshot was replaced at a time, ms since the epoch. */
  add(snapshot: Snapshot, validUntil: number): void {
    const latest = this.#entries.at(-1);
    if (latest === undefined || validUntil - latest.validUntil >= RESOLUTION) {
      this.#entries.push({ validUntil, snapshot });
    }
    const firstKept = this.#entries.findIndex((entry) => entry.validUntil > validUntil - RETENTION);
    if (firstKept > 0) this.#entries = this.#entries.slice(firstKept);
  }

  /** Returns the snapshot that was valid at a time, within {@linkcode RESOLUTION}; undefined if that is the current one. */
  at(time: number): Snapshot | undefined {
    return this.#entries.find(({ validUntil }) => validUntil > time)?.snapshot;
  }

  /** Discards every snapshot. */
  clear(): void {
    this.#entries = [];
  }
}
