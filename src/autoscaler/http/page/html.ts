/**
 * HTML templates. A template escapes each text that the caller inserts, but not HTML from another template.
 *
 * @module
 */
import { escape } from "@std/html/entities";

/** A piece of HTML. Only this module can create one, so that every text in it is escaped. */
class Html {
  constructor(readonly text: string) {}
}

export type { Html };

/** A value that a caller can insert into a template. The template inserts the items of a list one after another. */
export type Part = string | number | Html | readonly Part[];

/** Creates HTML from a template. Put double quotes around the values of attributes: the template escapes double quotes. */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(String.raw({ raw: template }, ...parts.map(escaped)));
}

function escaped(part: Part): string {
  if (part instanceof Html) return part.text;
  return typeof part === "object" ? part.map(escaped).join("") : escape(String(part));
}

/** Returns a text as HTML without escaping it. Pass only texts of this project, such as the style sheet. */
export function trusted(text: string): Html {
  return new Html(text);
}

/** Returns a heading and a table. If there are no rows, the text `none` replaces the table. */
export function section(
  title: string,
  heads: readonly string[],
  rows: readonly (readonly Html[])[],
  none: string,
): Html {
  if (rows.length === 0) {
    return html`
      <h2>${title}</h2>
      <p>${none}</p>
    `;
  }
  return html`
    <h2>${title}</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr>
        </thead>
        <tbody>
    ${rows.map((row) => html`<tr>${row}</tr>`)}</tbody>
      </table>
    </div>
  `;
}

/** Returns a table cell. A `short` text stays on one line, and a `long` text wraps. */
export function cell(text: Part, kind: "short" | "long" = "short"): Html {
  return html`<td class="${kind}">${text}</td>`;
}

/** Colours a text. The text must say everything that the colour means, for readers who do not see colours. */
export function coloured(colour: "good" | "busy" | "going" | "bad" | "quiet", text: Part): Html {
  return html`<span class="${colour}">${text}</span>`;
}

/** Returns a line that says how many rows of a list the page omits, or nothing if it lists all rows. */
export function more(listed: number, all: number): Html {
  return listed < all ? html`<p>and ${all - listed} more</p>` : html``;
}
