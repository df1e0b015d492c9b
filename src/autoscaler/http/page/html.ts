/**
 * HTML as a template: what is put into it is text, and escaped, unless it is HTML already.
 *
 * @module
 */
import { escape } from "@std/html/entities";

/** A piece of HTML. Only this module makes one, so that none holds what somebody else wrote. */
class Html {
  constructor(readonly text: string) {}
}

export type { Html };

/** What may be put into a template; of a list each after the other. */
export type Part = string | number | Html | readonly Part[];

/** Makes HTML of a template, in which attributes stand in double quotes. */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(String.raw({ raw: template }, ...parts.map(escaped)));
}

function escaped(part: Part): string {
  if (part instanceof Html) return part.text;
  return typeof part === "object" ? part.map(escaped).join("") : escape(String(part));
}

/** A text of the project's own, to be taken as it is: a style sheet. */
export function own(text: string): Html {
  return new Html(text);
}

/** A table under its heading; in its place `none` where there is no row. */
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

/** A cell of a table: `short` is never broken into lines, `long` is wherever it has to be. */
export function cell(text: Part, kind: "short" | "long" = "short"): Html {
  return html`<td class="${kind}">${text}</td>`;
}

/** Text in a colour that has a meaning; never the only thing that tells it. */
export function coloured(colour: "good" | "busy" | "going" | "bad" | "quiet", text: Part): Html {
  return html`<span class="${colour}">${text}</span>`;
}
