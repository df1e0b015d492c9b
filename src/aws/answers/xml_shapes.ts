/**
 * Shapes of the SDK's read from AWS's XML: answers that list instances, structures of texts, and lists of them.
 *
 * @module
 */
import { UnreachableError } from "../errors.ts";
import { Xml, XmlError } from "./xml.ts";

/** The SDK's names of members by those of XML elements. */
export type Names = Readonly<Record<string, string>>;

/**
 * Reads the answer of a service, which is its root element, by `read`; what that comes to is undefined where there is no list.
 *
 * @throws {UnreachableError} unless it is a whole answer with a list: one that is empty is there too
 */
export function readAnswer<T>(
  service: string,
  text: string,
  root: string,
  read: (xml: Xml) => T | undefined,
): T {
  try {
    const xml = new Xml(text);
    const is = xml.child();
    if (is !== root) throw new XmlError(`it is <${is}>`);
    const found = read(xml);
    if (found === undefined) throw new XmlError("it holds no list of instances");
    return found;
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new UnreachableError(`${service}'s answer can't be read: ${error.message}`, { cause: error });
  }
}

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
  if (known !== undefined) (into as Record<string, string>)[known] = xml.text();
}
