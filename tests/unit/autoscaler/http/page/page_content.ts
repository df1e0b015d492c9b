/**
 * Reads the tables, counts and notices of the status page from its HTML.
 *
 * @module
 */

/** Returns the rows of the table under a heading. Each row maps the names of columns to texts. Empty if there is no table. */
export function rows(page: string, heading: string): Record<string, string>[] {
  const table = sectionOf(page, heading);
  const names = [...table.matchAll(/<th\b[^>]*>(.*?)<\/th>/gs)].map(([, name = ""]) => text(name));
  return [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = ""]) =>
    [...row.matchAll(/<td\b[^>]*>(.*?)<\/td>/gs)].map(([, cell = ""]) => text(cell))
  ).filter((cells) => cells.length > 0).map((cells) =>
    Object.fromEntries(cells.map((cell, i) => [names[i] ?? String(i), cell]))
  );
}

/** Returns the counts at the top of the page, by status: `{ "in service": 2 }`. */
export function counts(page: string): Record<string, string> {
  const [, list = ""] = /<ul class="counts">(.*?)<\/ul>/s.exec(page) ?? [];
  return Object.fromEntries(
    [...list.matchAll(/<b>(.*?)<\/b>([^<]*)/gs)].map(([, count = "", what = ""]) => [text(what), count]),
  );
}

/** Returns the notices of the page, one sentence each. */
export function notices(page: string): string[] {
  const [, list = ""] = /<ul class="notices">(.*?)<\/ul>/s.exec(page) ?? [];
  return [...list.matchAll(/<li>(.*?)<\/li>/gs)].map(([, notice = ""]) => text(notice));
}

/** Returns the alerts of the page: the name, how long it has been firing, and the reason. */
export function alerts(page: string): string[] {
  const [, list = ""] = /<ul class="alerts">(.*?)<\/ul>/s.exec(page) ?? [];
  return [...list.matchAll(/<li>(.*?)<\/li>/gs)].map(([, alert = ""]) => text(alert));
}

/** Returns the text of a page, or of its part under a heading. */
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
