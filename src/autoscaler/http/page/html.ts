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

/** A cell of a table. */
export interface Cell {
  readonly content: Part;
  /** A `short` text stays on one line, and a `long` text wraps. */
  readonly kind: "short" | "long";
}

/** Returns a cell of a table. */
export function cell(content: Part, kind: Cell["kind"] = "short"): Cell {
  return { content, kind };
}

/** A table with its heading. */
export interface Section {
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** The text that replaces the table if there are no rows. */
  readonly none: string;
  /**
   * If true, a narrow screen shows each row as a list of names and values. Use it for tables with few rows and long texts: each
   * cell also has the name of its column, which makes the page larger.
   */
  readonly stacks?: boolean;
}

/** Returns a heading and a table. */
export function section({ title, heads, rows, none, stacks = false }: Section): Html {
  if (rows.length === 0) {
    return html`
      <h2>${title}</h2>
      <p>${none}</p>
    `;
  }
  return html`
    <h2>${title}</h2>
    <div class="scroll">
      <table class="${stacks ? "stacks" : "scrolls"}">
        <thead>
          <tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr>
        </thead>
        <tbody>
    ${rows.map((row) =>
      html`<tr>${row.map((it, i) => tableCell(it, stacks ? heads[i] : undefined))}</tr>`
    )}</tbody>
      </table>
    </div>
  `;
}

function tableCell({ content, kind }: Cell, head: string | undefined): Html {
  return head === undefined
    ? html`<td class="${kind}">${content}</td>`
    : html`<td class="${kind}" data-head="${head}">${content}</td>`;
}

/** Colours a text. The text must say everything that the colour means, for readers who do not see colours. */
export function coloured(colour: "good" | "busy" | "going" | "bad" | "quiet", text: Part): Html {
  return html`<span class="${colour}">${text}</span>`;
}

/** Returns a line that says how many rows of a list the page omits, or nothing if it lists all rows. */
export function more(listed: number, all: number): Html {
  return listed < all ? html`<p>and ${all - listed} more</p>` : html``;
}
