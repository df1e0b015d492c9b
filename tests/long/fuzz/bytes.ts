/**
 * Mutations of the bytes and the text of a body, which do not depend on the body's content.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { type Body } from "../../unit/sns/fixtures.ts";
import { joined, latin1, post, type Shot } from "./client.ts";
import type { Random } from "./random.ts";

/** The greatest number of bytes that the autoscaler accepts in a body. */
export const LIMIT = 640 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Turns a genuine message into a request that is not genuine. If the request is still genuine, the caller uses another
 * mutation.
 */
export type Mutator = (random: Random, genuine: Body) => Shot;

/** Encodes a text as UTF-8. */
export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);
const json = (body: Body): Bytes => utf8(JSON.stringify(body));

/** Encodes a text as UTF-16, with or without a byte order mark. */
function utf16(text: string, little: boolean, mark: boolean): Bytes {
  const units = [
    ...(mark ? [0xfeff] : []),
    ...Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)),
  ];
  return Uint8Array.from(
    units.flatMap((unit) => little ? [unit & 0xff, unit >> 8] : [unit >> 8, unit & 0xff]),
  );
}

function insert(bytes: Bytes, at: number, piece: Uint8Array, remove = 0): Bytes {
  return joined([bytes.subarray(0, at), piece, bytes.subarray(at + remove)]);
}

/**
 * Byte sequences that are not valid UTF-8: stray bytes, overlong encodings, surrogates, characters beyond the last one,
 * truncated characters.
 */
const NO_UTF8 = [[0xff], [0x80], [0xc0, 0xaf], [0xe0, 0x80, 0xa2], [0xed, 0xa0, 0x80], [
  0xf4,
  0x90,
  0x80,
  0x80,
], [0xe2, 0x82]];

const LOOSE: readonly ((text: string) => string)[] = [
  (text) => text.replace(/}$/, ",}"),
  (text) => `${text},`,
  (text) => `${text}${text}`,
  (text) => `${text} x`,
  (text) => `/* */${text}`,
  (text) => text.replace("{", "{// all\n"),
  (text) => text.replaceAll('"', "'"),
  (text) => text.replaceAll(/"(\w+)":/g, "$1:"),
  (text) => text.replace(":", "="),
  (text) => text.replace("{", "{,"),
  (text) => text.replace("{", '{"x":NaN,'),
  (text) => text.replace("{", '{"x":0x1,'),
  (text) => text.replace("{", '{"x":01,'),
  (text) => text.replace("{", '{"x":"\\x41",'),
  (text) => text.replace("{", '{"x":"\n",'),
  (text) => `(${text})`,
  (text) => `x(${text})`,
  (text) => `)]}',\n${text}`,
  (text) => `\u00a0${text}`,
  (text) => `data: ${text}\n\n`,
  (text) => `[${text}]`,
  (text) => `{"Records":[{"Sns":${text}}]}`,
  (text) => JSON.stringify(text),
  (text) => encodeURIComponent(text),
  (text) => `body=${encodeURIComponent(text)}`,
  (text) => text.slice(1),
  (text) => text.toLowerCase(),
  () => "null",
  () => "",
  () => "{}",
  () => "[]",
  () => "0",
];

/** The mutations by class. */
export const BYTE_MUTATORS: Readonly<Record<string, Mutator>> = {
  "bytes changed": (random, genuine) => {
    const bytes = json(genuine);
    for (let n = 1 + random.below(3); n > 0; n--) bytes[random.below(bytes.length)] = random.below(256);
    return post(bytes);
  },
  "a bit flipped": (random, genuine) => {
    const bytes = json(genuine);
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return post(bytes);
  },
  "bytes put in, taken out or cut off": (random, genuine) => {
    const bytes = json(genuine);
    const at = random.below(bytes.length);
    const some = Uint8Array.from({ length: 1 + random.below(4) }, () => random.below(256));
    return post(
      random.of([
        insert(bytes, at, some),
        insert(bytes, at, new Uint8Array(), some.length),
        bytes.slice(0, at),
      ]),
    );
  },
  "another encoding": (random, genuine) => {
    const text = JSON.stringify(genuine);
    return random.of<() => Shot>([
      () =>
        post(utf16(text, random.next() < 0.5, random.next() < 0.5), [
          "Content-Type: application/json; charset=utf-16",
        ]),
      () =>
        post(latin1(text.replace('"Message":"', '"Message":"é')), [
          "Content-Type: text/plain; charset=iso-8859-1",
        ]),
      () => post(gzipSync(text) as Bytes, ["Content-Encoding: gzip"]),
      () => post(utf8(btoa(text.replaceAll(/[^\0-\xff]/g, "?"))), ["Content-Transfer-Encoding: base64"]),
      () => post(joined([Uint8Array.of(0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf), utf8(text)])),
      () => post(utf8(text.replaceAll("=", "=3D"))),
    ])();
  },
  "no UTF-8": (random, genuine) => {
    const bytes = json(genuine);
    return post(
      insert(bytes, random.below(bytes.length), Uint8Array.from(random.of(NO_UTF8)), random.below(2)),
    );
  },
  "no strict JSON": (random, genuine) => post(random.of(LOOSE)(JSON.stringify(genuine))),
  "noise": (random) => {
    const noise = Uint8Array.from({ length: random.below(2_000) }, () => random.below(256));
    return post(random.next() < 0.5 ? noise : insert(utf8("{}"), 1, noise));
  },
  "nested deep": (random, genuine) => {
    const deep = random.of([10_000, 100, 50_000]);
    const [open, close] = random.of([["[", "]"], ['{"Message":', "}"], ['{"Type":', "}"]] as const);
    const nested = `${open.repeat(deep)}${random.of(["1", '"x"', JSON.stringify(genuine)])}${
      close.repeat(deep)
    }`;
    if (random.next() < 0.3) return post(nested);
    const name = random.of(Object.keys(genuine));
    return post(JSON.stringify({ ...genuine, [name]: "@" }).replace('"@"', () => nested));
  },
};

/** Mutations with large bodies. The test uses them rarely. */
export const HUGE_MUTATORS: Readonly<Record<string, Mutator>> = {
  "just under 640 KiB": (random, genuine) => {
    const name = random.of([
      "Message",
      "Subject",
      "MessageId",
      "Signature",
      "Timestamp",
      "SigningCertURL",
      "Token",
      "Type",
      "X",
    ]);
    const room = LIMIT - utf8(JSON.stringify({ ...genuine, [name]: "" })).length;
    const filler = random.of(["x", "A", " ", "-1", "0", "a-", "\\n"]);
    const text = filler.repeat(Math.floor(room / filler.length));
    return post(
      JSON.stringify({ ...genuine, Signature: "AAAA", [name]: "@" }).replace('"@"', () => `"${text}"`),
    );
  },
  "640 KiB of brackets": (random) =>
    post(random.of(["[", '{"":', "[[],", '"', "-", "1", " "]).repeat(LIMIT).slice(0, LIMIT)),
  "over 640 KiB": (random, genuine) => {
    const text = JSON.stringify(genuine);
    const shot = post(
      text.replace(/}$/, () => `${" ".repeat(LIMIT - text.length + 1 + random.below(1_000))}}`),
    );
    return random.next() < 0.5 ? shot : { ...shot, chunk: 16_384 };
  },
};
