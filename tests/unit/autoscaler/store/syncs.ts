/**
 * Replaces the disk syncs in the runtime of a store. A test can make the syncs hang or fail.
 *
 * @module
 */

/** A sync that has begun. */
interface Sync {
  /** The inode number of the file that the store syncs. */
  readonly inode: number | null;
  readonly end: PromiseWithResolvers<void>;
}

/** The syncs of a store. They succeed, unless the test makes them hang or fail. */
export class Syncs {
  /** The syncs that began while they hung or failed. */
  readonly begun: Sync[] = [];
  #failure: Error | "hang" | undefined;

  /** The runtime's `sync`. */
  readonly sync = (file: Deno.FsFile): Promise<void> => {
    if (this.#failure === undefined) return file.syncData();
    const end = Promise.withResolvers<void>();
    this.begun.push({ inode: file.statSync().ino, end });
    if (this.#failure instanceof Error) end.reject(this.#failure);
    return end.promise;
  };

  /** Makes each sync hang until the test ends it. The disposal of the returned object ends all syncs. */
  hang(): Disposable {
    return this.#until("hang");
  }

  /** Makes each sync fail until the test disposes of the returned object. */
  fail(error: Error): Disposable {
    return this.#until(error);
  }

  #until(failure: Error | "hang"): Disposable {
    this.#failure = failure;
    return {
      [Symbol.dispose]: () => {
        this.#failure = undefined;
        for (const { end } of this.begun) end.resolve();
      },
    };
  }
}
