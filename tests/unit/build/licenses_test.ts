import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { notices, withoutNotice } from "../../../src/build/licenses.ts";

const OWN_TEXT = { name: "a", license: "ISC", author: "A", text: "Copyright A. ISC text." };

Deno.test("notices() contains each package with its licence, and prints a shared licence text once", () => {
  const text = notices([OWN_TEXT, { ...OWN_TEXT, name: "b" }]);
  assertStringIncludes(text, "- a (ISC)\n- b (ISC)");
  assertEquals(text.split("Copyright A. ISC text.").length, 2);
});

Deno.test("notices() adds the MIT text and the author to an MIT package without a licence file", () => {
  const text = notices([{ name: "m", license: "MIT", author: "Ms M", text: "" }]);
  assertStringIncludes(text, "Copyright (c) Ms M");
  assertStringIncludes(text, "- m (MIT)");
});

Deno.test("notices() rejects a package without a licence text", () => {
  assertThrows(() => notices([{ name: "x", license: "GPL-3.0", author: "X", text: "" }]), Error, "x");
});

Deno.test("withoutNotice() finds a package that src/build/licenses.txt does not contain", async () => {
  assertEquals(await withoutNotice(["zod", "@aws-sdk/client-ec2", "left-pad"]), ["left-pad"]);
});
