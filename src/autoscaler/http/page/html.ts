/**
 * HTML templates: inserted text is escaped, inserted HTML is not.
 *
 * @module
 */
import { escape } from "@std/html/entities";

/** A piece of HTML. Only this module creates it, so that it never contains unescaped text. */
class Html {
  constructor(readonly text: string) {}
}

export type { Html };

/** A value that a template can contain. The items of a list are inserted one after another. */
export type Part = string | number | Html | readonly Part[];

/** Creates HTML from a template. Attributes have double quotes. */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(String.raw({ raw: template }, ...parts.map(escaped)));
}

function escaped(part: Part): string {
  if (part instanceof Html) return part.text;
  return typeof part === "object" ? part.map(escaped).join("") : escape(String(part));
}

/** Marks text of this project as HTML that needs no escaping: the style sheet. */
export function trusted(text: string): Html {
  return new Html(text);
}

/** A heading and a table. Without rows, the text `none` instead of the table. */
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

/** A table cell. `short` text stays on one line, `long` text wraps. */
export function cell(text: Part, kind: "short" | "long" = "short"): Html {
  return html`<td class="${kind}">${text}</td>`;
}

/** Colours a text. The colour adds no meaning, so that the page is readable without colours. */
export function coloured(colour: "good" | "busy" | "going" | "bad" | "quiet", text: Part): Html {
  return html`<span class="${colour}">${text}</span>`;
}

/** Returns a line that says how many rows of a long list the page leaves out. */
export function more(listed: number, all: number): Html {
  return listed < all ? html`<p>and ${all - listed} more</p>` : html``;
}
