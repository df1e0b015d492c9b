/**
 * Journals that earlier versions of kas wrote.
 *
 * @module
 */

/** Runs a test with a copy of a journal in a state folder. */
export async function withJournal(journal: URL, test: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.copyFile(journal, `${folder}/kas.db`);
    test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
