import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { codesText, hasCode, parseCodes } from "../../../src/health/codes.ts";
import { healthCheckText, parseHealthCheck } from "../../../src/health/spec.ts";

const SUCCESS = [{ from: 200, to: 299 }];

for (
  const [text, expected] of [
    ["none", { protocol: "none" }],
    ["tcp:5432", { protocol: "tcp", port: 5432 }],
    ["http:8080/healthz", { protocol: "http", port: 8080, path: "/healthz", codes: SUCCESS }],
    ["https:8443/a/b?c=d&e", { protocol: "https", port: 8443, path: "/a/b?c=d&e", codes: SUCCESS }],
    ["http:1", { protocol: "http", port: 1, path: "/", codes: SUCCESS }],
    ["http:65535/", { protocol: "http", port: 65_535, path: "/", codes: SUCCESS }],
  ] as const
) {
  Deno.test(`${text} is a health check`, () => {
    assertEquals(parseHealthCheck(text), expected);
    assertEquals(parseHealthCheck(healthCheckText(expected)), expected);
  });
}

for (
  const text of [
    "",
    "http",
    "http:",
    "http:0/",
    "http:65536/",
    "tcp:5432/path",
    "http://host:80/",
    "http:8080healthz",
    "http:8080/a b",
    "http:8080/a#b",
    "http:8080/\r\nX: y",
    "udp:53",
    "HTTP:80/",
    `http:80/${"a".repeat(1_024)}`,
    "none:80",
    "tcp:-1",
  ]
) {
  Deno.test(`${JSON.stringify(text.slice(0, 30))} is not a health check`, () => {
    assertThrows(() => parseHealthCheck(text), TypeError);
  });
}

const code = fc.integer({ min: 0, max: 999 });
const ranges = fc.array(
  fc.tuple(code, code).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
  {
    minLength: 1,
    maxLength: 5,
  },
);

Deno.test("codes that kas writes have the same meaning when kas reads them again", () => {
  fc.assert(fc.property(ranges, (codes) => assertEquals(parseCodes(codesText(codes)), codes)));
});

Deno.test("a code passes exactly if one of the codes or ranges contains it", () => {
  fc.assert(fc.property(ranges, code, (codes, status) => {
    const listed = new Set(
      codes.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i)),
    );
    assertEquals(hasCode(parseCodes(codesText(codes)), status), listed.has(status));
  }));
});

Deno.test("any text is either a list of codes that kas can write, or an error", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9, -]{0,20}$/));
  fc.assert(fc.property(text, (text) => {
    let codes;
    try {
      codes = parseCodes(text);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return;
    }
    assertEquals(parseCodes(codesText(codes)), codes);
    assertEquals(codes.every(({ from, to }) => from <= to), true);
  }));
});

for (const text of ["", ",", "200,", "299-200", "abc", "20x", "-200", "2000"]) {
  Deno.test(`${JSON.stringify(text)} is not a list of codes`, () => {
    assertThrows(() => parseCodes(text), TypeError);
  });
}
