import { assertEquals } from "@std/assert";
import { targetOf, TARGETS } from "../../../src/build/target.ts";

/** Returns the first 20 bytes of a file that begins with some bytes and has a little-endian number at a position. */
function head(magic: readonly number[], at: number, number: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(20);
  bytes.set(magic);
  bytes.set(number, at);
  return bytes;
}

const ELF = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1];
const MACH_O = [0xcf, 0xfa, 0xed, 0xfe];

const CASES: readonly [what: string, bytes: Uint8Array, target: string | undefined][] = [
  ["ELF for x86-64", head(ELF, 18, [62, 0]), "x86_64-unknown-linux-gnu"],
  ["ELF for arm64", head(ELF, 18, [183, 0]), "aarch64-unknown-linux-gnu"],
  ["ELF for another machine", head(ELF, 18, [243, 0]), undefined],
  ["Mach-O for x86-64", head(MACH_O, 4, [0x07, 0, 0, 0x01]), "x86_64-apple-darwin"],
  ["Mach-O for arm64", head(MACH_O, 4, [0x0c, 0, 0, 0x01]), "aarch64-apple-darwin"],
  ["a script", new TextEncoder().encode('#!/bin/sh\nexec kas "$@"\n'), undefined],
  ["a file that is cut short", head(ELF, 18, [62, 0]).subarray(0, 19), undefined],
];

for (const [what, bytes, target] of CASES) {
  Deno.test(`targetOf() of ${what} is ${target ?? "undefined"}`, () => {
    assertEquals(targetOf(bytes), target);
  });
}

Deno.test("targetOf() of the executable of the running Deno is the running Deno's target", async () => {
  using file = await Deno.open(Deno.execPath());
  const bytes = new Uint8Array(20);
  await file.read(bytes);
  assertEquals(targetOf(bytes), Deno.build.target);
  assertEquals(TARGETS.includes(Deno.build.target), true);
});
