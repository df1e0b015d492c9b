/**
 * Reads the listings that AWS returns in pages.
 *
 * @module
 */
import { IncompleteAnswerError } from "../errors.ts";

/** Maximum number of pages of a listing. With EC2's largest pages, this many pages contain a million instances. */
export const MAX_PAGES = 1_000;

/**
 * Requests every page of a listing.
 *
 * Throws {@linkcode IncompleteAnswerError} if AWS returns the same page token twice, because such a listing would never
 * end, or if AWS returns more than {@linkcode MAX_PAGES} pages.
 *
 * @param request sends the request for one page; its argument is the token of the page, undefined for the first page
 * @param tokenOf returns the token of the next page, or nothing on the last page
 */
export async function* pages<Page>(
  request: (token: string | undefined) => Promise<Page>,
  tokenOf: (page: Page) => string | undefined,
): AsyncGenerator<Page, void> {
  const seen = new Set<string>();
  let token: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const answer = await request(token);
    yield answer;
    token = tokenOf(answer);
    if (!token) return;
    if (seen.has(token)) throw new IncompleteAnswerError("AWS returned the same page token twice");
    seen.add(token);
  }
  throw new IncompleteAnswerError(`AWS's listing has more than ${MAX_PAGES} pages`);
}
