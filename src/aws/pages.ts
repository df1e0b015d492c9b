/**
 * AWS's listings, which come in pages.
 *
 * @module
 */
import { IncompleteAnswerError } from "./errors.ts";

/** Pages of a listing at most. With EC2's largest pages these are a million instances. */
export const MAX_PAGES = 1_000;

/**
 * Requests every page of a listing.
 *
 * Throws {@linkcode IncompleteAnswerError} if AWS returns a token twice, or more than {@linkcode MAX_PAGES} pages:
 * such a listing would not end.
 *
 * @param request receives the token of the page, undefined for the first one
 * @param tokenOf the token of the next page; absent or empty on the last page
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
