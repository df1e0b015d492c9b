/**
 * Shapes of the SDK's read from AWS's XML: structures of texts, and lists of them.
 *
 * @module
 */
import type { Xml } from "./xml.ts";

/** The SDK's names of members by those of XML elements. */
export type Names = Readonly<Record<string, string>>;

/** The items of a list, each by {@linkcode readTexts}. */
export function readItems<T>(xml: Xml, names: Names): T[] {
  const items: T[] = [];
  xml.children(() => items.push(readTexts(xml, names)));
  return items;
}

/** The texts of an element's children by the SDK's names for them. */
export function readTexts<T>(xml: Xml, names: Names): T {
  const texts = {} as T & object;
  xml.children((name) => readText(xml, name, names, texts));
  return texts;
}

/** Reads an element into its member, if it is known. */
export function readText(xml: Xml, name: string, names: Names, into: object): void {
  const known = Object.hasOwn(names, name) ? names[name] : undefined;
  if (known !== undefined) Reflect.set(into, known, xml.text());
}
