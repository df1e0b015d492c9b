/**
 * AWS's listings, which come in pages.
 *
 * @module
 */

/**
 * Requests every page of a listing.
 *
 * @param request receives the token of the page, undefined for the first one
 * @param tokenOf the token of the next page; absent or empty on the last page
 */
export async function* pages<Page>(
  request: (token: string | undefined) => Promise<Page>,
  tokenOf: (page: Page) => string | undefined,
): AsyncGenerator<Page, void> {
  let token: string | undefined;
  do {
    const page = await request(token);
    yield page;
    token = tokenOf(page);
  } while (token);
}
