import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { compile, ExpressionError, LONGEST } from "../../../../src/scaling/policies/expression.ts";

const VALUES = { backlog: 35, current: 2, max: 9, min: 1, x1: 3 };

Deno.test("an expression calculates with numbers only, and an integer is a double", () => {
  const cases: [string, number][] = [
    ["ceil(backlog / 10)", 4],
    ["ceil(backlog / 10.0)", 4],
    ["5 / 2", 2.5],
    ["floor(2.5) + round(2.5) + abs(-1)", 6],
    ["min(backlog, 10, 20) + max(1, current)", 12],
    ["backlog > 30 && current < max ? current + 1 : current", 3],
    ["backlog == 35 || false ? 1 : 0", 1],
    ["max(min, max) - x1", 6],
    ["-(1 + 2) * 1e1", -30],
    ["1e-1 + 0.5", 0.6],
    ["!(backlog > 1) ? 7 : 8", 8],
    ["5 / 0", Infinity],
    ["3", 3],
  ];
  for (const [text, result] of cases) assertEquals(compile(text).evaluate(VALUES), result, text);
});

Deno.test("an expression names the values that it uses, in order", () => {
  assertEquals(compile("backlog > 1 ? max(current, min) : backlog").names, ["backlog", "current", "min"]);
  assertEquals(compile("2 * 1e3").names, []);
});

Deno.test("a text that is no calculation with numbers is refused in one line", () => {
  const cases: [string, string][] = [
    ["", "EOF"],
    ["ceil(backlog", "EOF"],
    ["1 +", "EOF"],
    ["a b", "Unexpected character"],
    ["1.", "Expected"],
    ["backlog > 3", "not a bool"],
    ["backlog ? 1 : 2", "Ternary condition"],
    ["backlog + (1 > 2)", "no such overload"],
    ["min(1)", "min(double)"],
    ["foo(1)", "unknown function foo"],
    ["constructor(1)", "unknown function constructor"],
    ["if + 1", "if"],
    ["'a'", "expected numbers"],
    ["null", "expected numbers"],
    ["1u", "expected numbers"],
    ["0x10", "expected numbers"],
    ["backlog % 2", "expected numbers"],
    ["backlog.x", "expected numbers"],
    ["size([1, 2])", "unknown function size"],
    ["[1, 2][0]", "expected numbers"],
    ["[1, 2].map(x, x * 2)[0]", "expected numbers"],
    ["'aaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a+)+$') ? 1 : 2", "expected numbers"],
    ["cel.bind(a, 1, a)", "expected numbers"],
    ["has(backlog.x) ? 1 : 2", "unknown function has"],
    ["(".repeat(100) + "1" + ")".repeat(100), "maxDepth"],
    [`1${" + 1".repeat(LONGEST)}`, `at most ${LONGEST} characters`],
  ];
  for (const [text, why] of cases) {
    const { message } = assertThrows(() => compile(text), ExpressionError, undefined, text);
    assertStringIncludes(message, why, text);
    assertEquals(message.includes("\n"), false, message);
  }
});

Deno.test("every text is an expression or an ExpressionError", () => {
  const word = fc.constantFrom(
    ..."backlog current min max ceil ( ) , + - * / % ? : && || ! < >= == 1 2.5 1e9 . [ ] { } ' true in".split(
      " ",
    ),
  );
  const text = fc.oneof(
    fc.array(word, { maxLength: 30 }).map((words) => words.join(" ")),
    fc.string({ maxLength: 60 }),
  );
  fc.assert(fc.property(text, (text) => {
    try {
      const { names, evaluate } = compile(text);
      const values = Object.fromEntries(names.map((name, i) => [name, i]));
      assertEquals(typeof evaluate(values), "number");
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
    }
  }));
});

Deno.test("the longest expressions are evaluated within milliseconds", () => {
  const nested = `${"max(1,".repeat(45)}backlog${")".repeat(45)}`;
  const long = `backlog${"*2".repeat(240)}`;
  const minuses = `${"-".repeat(LONGEST - 1)}1`;
  const began = performance.now();
  for (let i = 0; i < 20; i++) for (const text of [nested, long, minuses]) compile(text).evaluate(VALUES);
  const each = (performance.now() - began) / 60;
  // The bound is 50 times what an idle machine needs.
  assertEquals(each < 50, true, `${each} ms`);
});
