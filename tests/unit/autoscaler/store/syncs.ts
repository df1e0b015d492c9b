/**
 * A disk whose syncs hang or fail.
 *
 * @module
 */

/** Replaces the syncs of all files in this process: each one hangs until the test ends it, or fails at once. */
export class Syncs implements Disposable {
  readonly #real = Deno.FsFile.prototype.syncData;
  /** The syncs that began: the inode of the file, and a promise to end. */
  readonly begun: { readonly inode: number | null; readonly end: PromiseWithResolvers<void> }[] = [];

  /** @param failure the error of each sync. Absent: each one hangs. */
  constructor(failure?: Error) {
    const { begun } = this;
    Deno.FsFile.prototype.syncData = function () {
      const end = Promise.withResolvers<void>();
      begun.push({ inode: this.statSync().ino, end });
      if (failure !== undefined) end.reject(failure);
      return end.promise;
    };
  }

  /** Ends the hanging syncs, and restores real ones. */
  [Symbol.dispose](): void {
    Deno.FsFile.prototype.syncData = this.#real;
    for (const { end } of this.begun) end.resolve();
  }
}
