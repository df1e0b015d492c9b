import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Xml, XmlError } from "../../../../src/aws/answers/xml.ts";

/** An element, its text, and its children, as the cursor comes by them. */
type Tree = readonly [name: string, content: string | readonly Tree[]];

/** Reads a document whose elements have either text or children, told apart by their names. */
function tree(text: string, leaves: ReadonlySet<string>): Tree[] {
  const xml = new Xml(text);
  const within = (): Tree[] => {
    const all: Tree[] = [];
    xml.children((name) => all.push([name, leaves.has(name) ? xml.text() : within()]));
    return all;
  };
  const root = xml.child() ?? "";
  return [[root, within()]];
}

/** The text of the first element `a` of a document. */
function textOf(document: string): string {
  const xml = new Xml(document);
  xml.child();
  return xml.text();
}

for (
  const [what, document, expected] of [
    ["entities", "<a>&lt;b&gt; &amp;amp; &quot;&apos;</a>", `<b> &amp; "'`],
    ["character references, beyond the first plane too", "<a>&#38;&#x26;&#128512;&#x1F600;</a>", "&&😀😀"],
    ["CDATA", "<a>x<![CDATA[<b>&amp;]]]>y</a>", "x<b>&amp;]y"],
    ["comments and instructions", "<a>x<!-- <b> -->y<?z <b>?>z</a>", "xyz"],
    ["an empty element", "<a/>", ""],
    ["an empty element with a space", "<a />", ""],
    ["an element without content", "<a></a>", ""],
    ["space, which may be meant", "<a> x\t</a>", " x\t"],
    ["line ends of every kind", "<a>1\r\n2\r3\n4</a>", "1\n2\n3\n4"],
    ["attributes that hold what looks like tags", `<a b="/>" c = '>'>x</a >`, "x"],
    ["what stands before the root", `\uFEFF<?xml version="1.0"?>\n<!-- -->\n<a>x</a>`.slice(1), "x"],
    ["children, which are no text", "<a>x<b>y<a/></b>z<c/></a>", "xz"],
  ] as const
) {
  Deno.test(`Xml reads ${what}`, () => assertEquals(textOf(document), expected));
}

Deno.test("Xml passes over what is not read, whatever it holds, and tells elements of one name apart by where they stand", () => {
  const document =
    "<r><item>1</item><set><item><set/><item>2</item></item></set><x y='1'/><item>3</item></r>";
  const xml = new Xml(document);
  const seen: string[] = [];
  assertEquals(xml.child(), "r");
  xml.children((name) => seen.push(name === "item" ? xml.text() : name));
  assertEquals(seen, ["1", "set", "x", "3"]);
});

for (
  const [what, document] of [
    ["nothing", ""],
    ["JSON", `{"a": 1}`],
    ["text before the root", "a<b/>"],
    ["a document type", "<!DOCTYPE html><html></html>"],
    ["an end out of place", "<a><b></a></b>"],
    ["an end without a beginning", "</a>"],
    ["an entity that nobody knows", "<a>&nbsp;</a>"],
    ["an ampersand on its own", "<a>b & c</a>"],
    ["a character that there is not", "<a>&#x110000;</a>"],
    ["an attribute without a value", "<a b>x</a>"],
    ["a tag without a name", "<>x</>"],
  ] as const
) {
  Deno.test(`Xml refuses ${what}`, () => {
    assertThrows(() => textOf(document), XmlError);
  });
}

Deno.test("Xml reads every tree as it was written, and refuses every beginning of it", () => {
  const leaves = new Set(["name", "value"]);
  const text = fc.string({ unit: "grapheme", maxLength: 12 }).filter((it) => !it.includes("\r"));
  const { trees } = fc.letrec<{ readonly trees: Tree[] }>((tie) => ({
    trees: fc.array(
      fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.tuple(fc.constantFrom(...leaves), text),
        fc.tuple(fc.constantFrom("item", "set", "other"), tie("trees")),
      ),
      { maxLength: 4 },
    ) as fc.Arbitrary<Tree[]>,
  }));
  const written = (all: readonly Tree[]): string =>
    all.map(([name, content]) =>
      `<${name}>${typeof content === "string" ? escaped(content) : written(content)}</${name}>`
    ).join("");
  fc.assert(fc.property(trees, fc.nat(), (children, cut) => {
    const root: Tree[] = [["root", children]];
    const document = written(root);
    assertEquals(tree(document, leaves), root);
    const beginning = document.slice(0, cut % document.length);
    assertThrows(() => tree(beginning, leaves), XmlError);
  }));
});

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
