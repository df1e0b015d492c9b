/**
 * What the HTML pages of `GET /status` have in common: the headers and the frame. A page loads no other file and runs no script.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { isoTime } from "../../../cli/format.ts";
import { type Html, html, trusted } from "./html.ts";
import css from "./page.css" with { type: "text" };
import { span } from "./times.ts";

/** How often the browser reloads a page, in seconds. */
const REFRESH = 10;

/**
 * The headers of a page. With them, the browser does not let the page load a file, run a script or send a form, and does not let
 * another page show this page in a frame. Source: W3C, Content Security Policy Level 3.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": [
    "default-src 'none'",
    `style-src 'sha256-${createHash("sha256").update(css).digest("base64")}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "refresh": String(REFRESH),
};

/** Returns the HTML of a page. */
export function pageOf({ title, body }: { readonly title: string; readonly body: Html }): string {
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>${title}</title>
        <style>${trusted(css)}</style>
      </head>
      <body>
    ${body}
      </body>
    </html>
  `.text;
}

/** Returns the version, the uptime and the time of a page. `started` is in ISO 8601. */
export function footing(version: string, started: string, now: number): Html {
  return html`kas ${version}, up ${span(now - Date.parse(started))} · ${
    isoTime(
      now,
    )
  }, reloads every ${REFRESH} s`;
}
