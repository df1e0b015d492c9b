import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ExpositionReader, type Sample } from "../../../../src/autoscaler/telemetry/exposition.ts";

const NAME = "node_cpu_seconds_total";

/** Reads a text in pieces that end at these places. */
function read(
  text: string,
  cuts: readonly number[] = [],
  wanted: readonly string[] = [NAME],
): readonly Sample[] {
  const bytes = new TextEncoder().encode(text);
  const reader = new ExpositionReader(wanted);
  const ends = [...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length];
  let begin = 0;
  for (const end of ends) {
    reader.push(bytes.subarray(begin, end));
    begin = end;
  }
  return reader.end().get(wanted[0] ?? "") ?? [];
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
const blank = fc.constantFrom("", " ", "\t", "  ");
const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(NaN, Infinity, -Infinity));
const labels = fc.dictionary(
  fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/),
  fc.string({ unit: fc.constantFrom(...'ab }{,="\\\n#é\u{1f600}') }),
  { maxKeys: 4 },
);

/** Writes a number as Go writes it. */
function written(value: number): string {
  return Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

/** Writes a sample in one of the ways that the formats allow. */
function line(
  { labels, value }: Sample,
  { space, isLong, stamp, exemplar }: { space: string; isLong: boolean; stamp: string; exemplar: string },
): string {
  const escaped = Object.entries(labels).map(([name, text]) =>
    `${space}${name}="${
      text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
    }"${space}`
  );
  const all = escaped.length === 0 && !isLong
    ? ""
    : `{${escaped.join(",")}${isLong && escaped.length > 0 ? "," : ""}${space}}`;
  return `${space}${NAME}${all} ${written(value)}${stamp}${exemplar}`;
}

const way = fc.record({
  space: blank,
  isLong: fc.boolean(),
  stamp: fc.constantFrom("", " 1395066363000", "\t1520879607.789"),
  exemplar: fc.constantFrom("", ' # {trace_id="abc"} 0.67', ' # {a="b"} 1 1520879607.789'),
});

Deno.test("the reader returns the samples of a metric, however the text is written and cut", () => {
  const other = fc.constantFrom(
    "",
    "# HELP x y",
    "# EOF of nothing",
    `${NAME}_more 5`,
    'x{a="1"} 3',
    `# TYPE ${NAME} counter`,
  );
  const sample = fc.tuple(fc.record({ labels, value }), way, other);
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 8 }), cuts, fc.constantFrom("\n", "\r\n"), (all, cuts, end) => {
      const text = all.flatMap(([sample, way, other]) => [other, line(sample, way)]).join(end);
      const expected = all.map(([{ labels, value }]) => ({
        labels: { ...labels },
        value: value === 0 ? 0 : value,
      }));
      const found = read(text, cuts).map(({ labels, value }) => ({ labels, value: value === 0 ? 0 : value }));
      assertEquals(found, expected);
    }),
  );
});

Deno.test("the reader never throws, whatever an instance sends", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(NAME, "{", "}", '"', ",", "=", " ", "\n", "\\", "cpu", "1", "#", "NaN"),
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), cuts, (pieces, cuts) => {
    for (const { value } of read(pieces.join(""), cuts)) assertEquals(typeof value, "number");
  }));
  const reader = new ExpositionReader([NAME]);
  reader.push(new Uint8Array([0xff, 0xfe, 0x0a, 0xc3]));
  assertEquals(reader.end().get(NAME), []);
});

Deno.test("the reader skips a line that is not a sample, and a line that is too long", () => {
  const long = `${NAME}{cpu="${"x".repeat(20_000)}"} 1`;
  const text = [
    `${NAME}{cpu="0"} 1`,
    `${NAME}{cpu="0} 2`,
    `${NAME}{cpu="0"}`,
    `${NAME}{cpu="0"} 0x10`,
    `${NAME}{cpu="0"} 1 2 3`,
    `${NAME}{cpu=0} 3`,
    `${NAME}{cpu="0"`,
    `${NAME}[0] 4`,
    long,
    `${NAME}{cpu="1"} 5`,
  ].join("\n");
  for (const cuts of [[], [0.5], [0.1, 0.2, 0.3, 0.99]]) {
    assertEquals(read(text, cuts).map(({ value }) => value), [1, 5]);
  }
});

Deno.test("the reader ends at OpenMetrics' # EOF", () => {
  assertEquals(read(`${NAME} 1\n# EOF\n${NAME} 2\n`).map(({ value }) => value), [1]);
});

Deno.test("the reader keeps a bounded number of samples", () => {
  const text = Array.from({ length: 30_000 }, (_, i) => `${NAME}{cpu="${i}"} 1`).join("\n");
  assertEquals(read(text).length, 20_000);
});

Deno.test("a label may have the name of a property of every object", () => {
  const [sample] = read(`${NAME}{__proto__="a",constructor="b"} 1`);
  assertEquals(Object.entries(sample?.labels ?? {}), [["__proto__", "a"], ["constructor", "b"]]);
});
