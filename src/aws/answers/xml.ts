/**
 * AWS's XML read by a cursor that passes over what nobody asks for: for listings so long that the SDK's own way, every character
 * and every field, holds the whole program up. AWS sends no DOCTYPE, and so no entities but XML's own.
 *
 * @module
 */

/** What is no XML of this kind, or ends before its time. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** A tag with attributes, whose values may hold `>`. Source: XML 1.0, productions 40 and 44. */
const WITH_ATTRIBUTES = /<([^\s<>/="']+)(?:\s+[^\s<>/="']+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>/y;

/** A cursor in a document, within one of its elements; to begin with it is within none, whose one child is the root. */
export class Xml {
  readonly #text: string;
  #at = 0;
  /** The elements that the cursor is within, the innermost last. */
  readonly #within: string[] = [];
  /** The innermost was written as `<a/>`. */
  #empty = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads each child of the element that the cursor is within by its name, and leaves the element; what is not read is passed over. */
  children(read: (name: string) => void): void {
    const depth = this.#within.length;
    for (let name = this.child(); name !== undefined; name = this.child()) {
      read(name);
      if (this.#within.length > depth) this.#skip();
    }
  }

  /** Enters the next child of the element that the cursor is within, by its name; undefined if there is none, and it is left. */
  child(): string | undefined {
    if (this.#empty) return this.#leave();
    this.#passText(false);
    return this.#tag();
  }

  /** The text of the element that the cursor is within, without what its children hold, and leaves it. */
  text(): string {
    let text = "";
    const depth = this.#within.length;
    while (!this.#empty) {
      text += this.#passText(true);
      if (this.#tag() === undefined) return text;
      if (this.#within.length > depth) this.#skip();
    }
    this.#leave();
    return text;
  }

  /** Leaves the element that the cursor is within. */
  #skip(): void {
    const depth = this.#within.length;
    while (this.#within.length >= depth) this.child();
  }

  #leave(): undefined {
    this.#within.pop();
    this.#empty = false;
  }

  /** Passes over everything to the next tag, and returns the text in it if that is wanted. */
  #passText(wanted: boolean): string {
    let text = "";
    for (;;) {
      const next = this.#text.indexOf("<", this.#at);
      if (next < 0) throw this.#cut();
      if (next > this.#at && (wanted || this.#within.length === 0)) {
        text += this.#decoded(this.#text.slice(this.#at, next));
      }
      this.#at = next;
      const second = this.#text[next + 1];
      if (second !== "!" && second !== "?") return text;
      if (second === "?") this.#passTo("?>");
      else if (this.#text.startsWith("<!--", next)) this.#passTo("-->");
      else if (this.#text.startsWith("<![CDATA[", next)) text += this.#passTo("]]>").slice(9, -3);
      else throw new XmlError(`no tag: ${this.#text.slice(next, next + 40)}`);
    }
  }

  /** Passes over what ends like this, and returns it. */
  #passTo(end: string): string {
    const begin = this.#at;
    const found = this.#text.indexOf(end, begin);
    if (found < 0) throw this.#cut();
    this.#at = found + end.length;
    return this.#text.slice(begin, this.#at);
  }

  /** Passes over a tag: enters the element that it begins, by its name, or leaves the one that it ends. */
  #tag(): string | undefined {
    const begin = this.#at;
    const end = this.#text.indexOf(">", begin);
    if (end < 0) throw this.#cut();
    if (this.#text[begin + 1] === "/") {
      if (!this.#ends(begin + 2, end)) {
        throw new XmlError(`an end of <${this.#text.slice(begin + 2, end)}> out of place`);
      }
      this.#at = end + 1;
      return this.#leave();
    }
    const empty = this.#text[end - 1] === "/";
    const name = this.#text.slice(begin + 1, empty ? end - 1 : end);
    if (!/[\s"'=<!/]|^$/.test(name)) return this.#enter(name, empty, end + 1);
    WITH_ATTRIBUTES.lastIndex = begin;
    const [whole, long, slash] = WITH_ATTRIBUTES.exec(this.#text) ?? [];
    if (whole === undefined || long === undefined) {
      throw new XmlError(`no tag: ${this.#text.slice(begin, begin + 40)}`);
    }
    return this.#enter(long, slash === "/", begin + whole.length);
  }

  /** Whether an end tag's name is the innermost element's; space may follow it. */
  #ends(begin: number, end: number): boolean {
    const inner = this.#within.at(-1);
    if (inner === undefined || !this.#text.startsWith(inner, begin)) return false;
    return begin + inner.length === end || this.#text.slice(begin, end).trimEnd() === inner;
  }

  #enter(name: string, empty: boolean, at: number): string {
    this.#within.push(name);
    this.#empty = empty;
    this.#at = at;
    return name;
  }

  /** Text as it is meant: line ends as one character, entities and references replaced. Outside of the root there is only space. */
  #decoded(text: string): string {
    if (this.#within.length === 0 && text.trim() !== "") {
      throw new XmlError(`text outside of any element: ${text.trim().slice(0, 40)}`);
    }
    const lines = text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;
    return lines.includes("&") ? lines.replaceAll(/&([^;&\s]*;?)/g, (_, name) => meant(name)) : lines;
  }

  #cut(): XmlError {
    const inner = this.#within.at(-1);
    return new XmlError(inner === undefined ? "no element" : `it ends within <${inner}>`);
  }
}

/** What a reference stands for: `amp;`, `#38;`, `#x26;`. */
function meant(reference: string): string {
  const [, hex, decimal, name = ""] = /^(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));$/i.exec(reference) ?? [];
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  if (code >= 1 && code <= 0x10ffff) return String.fromCodePoint(code);
  const character = ENTITIES[name];
  if (character === undefined) throw new XmlError(`&${reference} stands for nothing`);
  return character;
}
