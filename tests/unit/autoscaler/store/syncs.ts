/**
 * A disk that does not answer, or fails.
 *
 * @module
 */

/** Files' syncs, each held back until it is ended, or failed at once, in this whole process. */
export class Syncs implements Disposable {
  readonly #real = Deno.FsFile.prototype.syncData;
  /** Of those that were begun: the file's inode, and how it ends. */
  readonly begun: { readonly inode: number | null; readonly end: PromiseWithResolvers<void> }[] = [];

  /** @param failure what each fails with; absent: they are held back */
  constructor(failure?: Error) {
    const { begun } = this;
    Deno.FsFile.prototype.syncData = function () {
      const end = Promise.withResolvers<void>();
      begun.push({ inode: this.statSync().ino, end });
      if (failure !== undefined) end.reject(failure);
      return end.promise;
    };
  }

  /** Ends those that are held back; from here on files are synced as ever. */
  [Symbol.dispose](): void {
    Deno.FsFile.prototype.syncData = this.#real;
    for (const { end } of this.begun) end.resolve();
  }
}
