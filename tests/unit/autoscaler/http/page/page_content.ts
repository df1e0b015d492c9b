/**
 * The content of the status page: its tables, counts and notices.
 *
 * @module
 */

/** The rows of the table under a heading, each by the names of its columns. Empty if there is text instead of a table. */
export function rows(page: string, heading: string): Record<string, string>[] {
  const table = sectionOf(page, heading);
  const names = [...table.matchAll(/<th\b[^>]*>(.*?)<\/th>/gs)].map(([, name = ""]) => text(name));
  return [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = ""]) =>
    [...row.matchAll(/<td\b[^>]*>(.*?)<\/td>/gs)].map(([, cell = ""]) => text(cell))
  ).filter((cells) => cells.length > 0).map((cells) =>
    Object.fromEntries(cells.map((cell, i) => [names[i] ?? String(i), cell]))
  );
}

/** The counts at the top, by status: `{ "in service": 2 }`. */
export function counts(page: string): Record<string, string> {
  const [, list = ""] = /<ul class="counts">(.*?)<\/ul>/s.exec(page) ?? [];
  return Object.fromEntries(
    [...list.matchAll(/<b>(.*?)<\/b>([^<]*)/gs)].map(([, count = "", what = ""]) => [text(what), count]),
  );
}

/** What needs attention, a sentence each. */
export function notices(page: string): string[] {
  const [, list = ""] = /<ul class="notices">(.*?)<\/ul>/s.exec(page) ?? [];
  return [...list.matchAll(/<li>(.*?)<\/li>/gs)].map(([, notice = ""]) => text(notice));
}

/** The text of a page, or of the part under a heading. */
export function textOf(page: string, heading?: string): string {
  return text(heading === undefined ? page.slice(page.indexOf("<body>")) : sectionOf(page, heading));
}

function sectionOf(page: string, heading: string): string {
  const start = page.indexOf(`<h2>${heading}</h2>`);
  if (start < 0) throw new RangeError(`the page has no heading ${heading}`);
  const end = page.indexOf("<h2>", start + 1);
  return page.slice(start, end < 0 ? undefined : end);
}

function text(html: string): string {
  return html.replaceAll(/<\/?(?:time|b|code|abbr|span)\b[^>]*>/g, "").replaceAll(/<[^>]*>/g, " ")
    .replaceAll("&gt;", ">").replaceAll(/\s+/g, " ").trim();
}
