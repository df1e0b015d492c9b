import { assertEquals, assertThrows } from "@std/assert";
import { cents, dollars, times } from "../../../../../src/admin/setup/cost/money.ts";

Deno.test("an amount is exact: ten times ten cents are a dollar, and a billion reads cost what a thousand cost a million times", () => {
  assertEquals(times(dollars("0.1"), 10), dollars("1"));
  assertEquals(times(dollars("0.00001"), 1_000_000_000), dollars("10000"));
  assertEquals(cents(times(dollars("0.0000006"), 1)), "0.00");
});

Deno.test("cents() rounds half a cent up and prints two decimals", () => {
  const printed = ["0", "0.004999999", "0.005", "1.995", "12.3", "1234567.891"].map((it) =>
    cents(dollars(it))
  );
  assertEquals(printed, ["0.00", "0.00", "0.01", "2.00", "12.30", "1234567.89"]);
});

Deno.test("dollars() and times() refuse what is not an amount or a quantity", () => {
  for (const text of ["", "-1", "1e-5", ".5", "0.0000000001", "1,5"]) {
    assertThrows(() => dollars(text), RangeError, undefined, text);
  }
  for (const quantity of [-1, 0.5, NaN, Infinity]) {
    assertThrows(() => times(1n, quantity), RangeError, undefined, String(quantity));
  }
});
