/**
 * Mutations of a message's fields, which try to change the meaning of the message.
 *
 * @module
 */
import { type Body, SIGNED } from "../../unit/sns/fixtures.ts";
import type { Mutator } from "./bytes.ts";
import { post, type Shot } from "./client.ts";
import type { Random } from "./random.ts";
import { alarmArn } from "../../support/alarm_arn.ts";

const body = (fields: Body): Shot => post(JSON.stringify(fields));
const signedNames = ({ Type }: Body) => SIGNED[String(Type)] ?? [];
const text = (fields: Body, name: string) => String(fields[name] ?? "");

/** Returns the name of a required field. */
function needed(random: Random, genuine: Body): string {
  const names = [...signedNames(genuine), "Signature", "SignatureVersion", "SigningCertURL"];
  return random.of(names.filter((name) => genuine[name] !== undefined));
}

/** Inserts text into a signed field at a random place. */
function spliced(random: Random, genuine: Body, pieces: readonly string[], written = JSON.stringify): Shot {
  const name = needed(random, genuine);
  const value = text(genuine, name);
  const at = random.below(value.length + 1);
  const changed = value.slice(0, at) + random.of(pieces) + value.slice(at + random.below(2));
  return post(JSON.stringify({ ...genuine, [name]: "@" }).replace('"@"', () => written(changed)));
}

/** Returns the message of an alarm that would start an instance. */
export function alarmText(random: Random): string {
  return JSON.stringify({
    AlarmName: "kas:cpuhigh:i-00000000000000001",
    AlarmArn: alarmArn("kas:cpuhigh:i-00000000000000001"),
    NewStateValue: "ALARM",
    OldStateValue: "OK",
    StateChangeTime: new Date(Date.now() - random.below(1_000)).toISOString().replace("Z", "+0000"),
  });
}

const WRONG: readonly ((value: string) => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => 2,
  () => -1e308,
  () => [],
  () => ({}),
  (value) => [value],
  (value) => ({ Value: value, Type: "String" }),
  (value) => ({ toString: value, valueOf: value, length: 1, 0: value }),
  () => "",
];

/** Latin letters and letters that look like them. */
const ALIKE: Readonly<Record<string, string>> = {
  a: "а",
  e: "е",
  o: "о",
  p: "р",
  s: "ѕ",
  i: "і",
  c: "с",
  k: "ｋ",
  ":": "：",
  "-": "‐",
  "1": "１",
  "0": "０",
  ".": "。",
  "/": "⁄",
};

/** Timestamps that SNS does not write, or that are not in the last hour. */
export const TIMES: readonly string[] = [
  "2026-11-24 02:00:00Z",
  "20261124T020000Z",
  "2026-W48-2T02:00:00Z",
  "2026-328T02:00:00Z",
  "2026-02-30T02:00:00.000Z",
  "2026-11-24T25:00:00.000Z",
  "2026-11-24T02:60:00.000Z",
  "2026-11-24T02:00:00.000+00:00",
  "2026-11-24T02:00:00.000",
  "2026-11-24t02:00:00.000z",
  "+275760-09-13T00:00:00.000Z",
  "-000001-01-01T00:00:00.000Z",
  "9999-12-31T23:59:59.999Z",
  "0000-01-01T00:00:00.000Z",
  "1970-01-01T00:00:00.000Z",
  "Tue, 24 Nov 2026 02:00:00 GMT",
  "1795485600",
  "1795485600000",
  "now",
  "Infinity",
  "2026-11-24T02:00:00.000Z\u0000",
  "２０２６-11-24T02:00:00.000Z",
];

/** The mutations by class. */
export const FIELD_MUTATORS: Readonly<Record<string, Mutator>> = {
  "a field dropped": (random, genuine) => body({ ...genuine, [needed(random, genuine)]: undefined }),
  "a field doubled": (random, genuine) => {
    const name = needed(random, genuine);
    const other = JSON.stringify(random.of([alarmText(random), "", 1, `${text(genuine, name)}1`]));
    return post(JSON.stringify(genuine).replace(/}$/, () => `,"${name}":${other}}`));
  },
  "a field renamed": (random, genuine) => {
    const old = needed(random, genuine);
    const name = random.of([
      old.toLowerCase(),
      old.toUpperCase(),
      old[0]?.toLowerCase() + old.slice(1),
      ` ${old}`,
      `${old}\0`,
      `${old}[]`,
      old.replace(/[aeo]/, (c) => ALIKE[c] ?? c),
      old.replace("URL", "Url"),
    ]);
    return body(
      Object.fromEntries(Object.entries(genuine).map(([key, value]) => [key === old ? name : key, value])),
    );
  },
  "a field of another type": (random, genuine) => {
    const name = needed(random, genuine);
    return body({ ...genuine, [name]: random.of(WRONG)(text(genuine, name)) });
  },
  "numbers and texts": (random, genuine) => {
    const version = Number(genuine["SignatureVersion"]);
    const other = random.of([
      version,
      `${version}.0`,
      `0${version}`,
      ` ${version}`,
      `${version} `,
      `+${version}`,
      `${version}e0`,
      "0x1",
      `${version}\n`,
      "１",
      "²",
    ]);
    return body({ ...genuine, SignatureVersion: other });
  },
  "another version": (random, genuine) => {
    const version = random.of([
      "0",
      "3",
      "",
      "v2",
      "12",
      "SHA256",
      "none",
      "1,2",
      genuine["SignatureVersion"] === "1" ? "2" : "1",
    ]);
    return body({ ...genuine, SignatureVersion: version });
  },
  "a lone surrogate": (random, genuine) =>
    spliced(
      random,
      genuine,
      ["\\ud800", "\\udfff", "\\udc00\\ud800"],
      (value) => `"${JSON.stringify(value).slice(1, -1).replaceAll("\\\\u", "\\u")}"`,
    ),
  "control characters": (random, genuine) =>
    spliced(random, genuine, ["\0", "\u0001", "\u001b[2J", "\u007f", "\u0085", "\b"]),
  "lines injected": (random, genuine) =>
    spliced(random, genuine, [
      "\r\n",
      "\n",
      "\r",
      "\u2028",
      "\r\nX-Amz: 1",
      "\nSubject\nx",
      "\n2026-11-24T00:00:00Z info inbox: accepted",
    ]),
  "characters that look alike": (random, genuine) => {
    const name = needed(random, genuine);
    const value = text(genuine, name);
    const places = [...value].flatMap((c, i) => (ALIKE[c] === undefined ? [] : [i]));
    const at = places.length === 0 ? 0 : random.of(places);
    const alike = random.of([
      ALIKE[value[at] ?? ""] ?? "",
      `${value[at]}\u200b`,
      `${value[at]}\u0301`,
      `\u202e${value[at]}`,
      `\ufeff${value[at]}`,
    ]);
    return body({ ...genuine, [name]: value.slice(0, at) + alike + value.slice(at + 1) });
  },
  "prototypes polluted": (random, genuine) => {
    const own = JSON.stringify(genuine);
    const name = needed(random, genuine);
    const { [name]: value, ...rest } = genuine;
    const inherited = JSON.stringify({ [name]: value });
    return post(random.of([
      `{"__proto__":${own}}`,
      `{"constructor":{"prototype":${own}}}`,
      `${JSON.stringify(rest).slice(0, -1)},"__proto__":${inherited}}`,
      `${JSON.stringify(rest).slice(0, -1)},"constructor":{"prototype":${inherited}}}`,
      JSON.stringify({ ...genuine, [name]: "__proto__" }),
      JSON.stringify({
        ...genuine,
        Type: random.of(["__proto__", "constructor", "toString", "hasOwnProperty"]),
      }),
    ]));
  },
  "a Type for another": (random, genuine) => {
    const more = {
      Token: "x",
      SubscribeURL: "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
    };
    const types = [
      ...Object.keys(SIGNED),
      "notification",
      "Notification ",
      "Notification\0",
      "SubscriptionConfirmation,Notification",
    ];
    const Type = random.of(types.filter((type) => type !== genuine["Type"]));
    return body({ ...more, ...genuine, Type });
  },
  "a Subject more or less": (random, genuine) => {
    const { Subject, ...rest } = genuine;
    if (genuine["Type"] !== "Notification") return body({ ...rest, Type: "Notification", Subject: "" });
    return body(
      Subject === undefined
        ? { ...rest, Subject: random.of(["", "x", text(rest, "Message"), "\u0000", null]) }
        : {
          ...rest,
          ...random.of<Body>([{}, { Subject: "" }, { Subject: null }, { Subject: `${Subject} ` }, {
            Message: `${rest["Message"]}\nSubject\n${Subject}`,
          }]),
        },
    );
  },
  "a signature altered": (random, genuine) => {
    const bytes = Uint8Array.fromBase64(text(genuine, "Signature"));
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    const written = (some: Uint8Array) => btoa(String.fromCharCode(...some));
    return body({
      ...genuine,
      Signature: random.of([
        () => written(bytes),
        () => written(bytes.subarray(0, at)),
        () => written(Uint8Array.of(...bytes, 0)),
        () => written(Uint8Array.of(0, ...bytes)),
        () => written(bytes.toReversed()),
        () => written(new Uint8Array(256)),
        () => written(new Uint8Array(256).fill(0xff)),
        () => written(Uint8Array.from({ length: 256 }, () => random.below(256))),
        () => "AAAA",
        () => text(genuine, "Signature").replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "."),
      ])(),
    });
  },
  "what is signed replaced": (random, genuine) => {
    const replacement: Body = {
      Message: alarmText(random),
      MessageId: random.hex(32),
      Token: random.hex(64),
      Timestamp: new Date(Date.now() - random.below(60_000)).toISOString(),
      SubscribeURL: "http://169.254.169.254/latest/meta-data/",
      TopicArn: `${genuine["TopicArn"]}2`,
    };
    const name = random.of(signedNames(genuine).filter((it) => replacement[it] !== undefined));
    return body({ ...genuine, [name]: replacement[name] });
  },
  "an odd Timestamp": (random, genuine) => body({ ...genuine, Timestamp: random.of(TIMES) }),
};
