/**
 * The page as its reader sees it.
 *
 * @module
 */

/** What is to be read on a page, a space between its blocks. */
export function text(page: string): string {
  const body = page.slice(page.indexOf("<body>"));
  return body.replaceAll(/<\/?(?:time|b|code|abbr|span)\b[^>]*>/g, "").replaceAll(/<[^>]*>/g, " ").replaceAll(
    /\s+/g,
    " ",
  ).replaceAll("&gt;", ">");
}
