import { assertEquals, assertThrows } from "@std/assert";
import { isInstanceId, parseTarget } from "../../../src/provision/target.ts";

for (
  const [word, target] of [
    ["203.0.113.7", { host: "203.0.113.7" }],
    ["admin@kas-1.example.com:2222", { user: "admin", host: "kas-1.example.com", port: 2222 }],
    ["2001:db8::7", { host: "2001:db8::7" }],
    ["root@[2001:db8::7]:22", { user: "root", host: "2001:db8::7", port: 22 }],
    ["local", {}],
  ] as const
) {
  Deno.test(`parseTarget() parses ${word}`, () => assertEquals(parseTarget(word), { name: word, ...target }));
}

// ssh would read a word that begins with a dash as an option.
for (
  const word of ["", "-oProxyCommand=x", "a@-l", "host:0", "host:65536", "host:x", "a b", "@host", "a/b"]
) {
  Deno.test(`parseTarget() rejects "${word}"`, () => void assertThrows(() => parseTarget(word), TypeError));
}

Deno.test("isInstanceId() accepts long and short ids of EC2", () => {
  const args = [
    "i-0123456789abcdef0",
    "i-01234567",
    "i-1",
    "i-0123456789ABCDEF0",
    "x-01234567",
    "i-01234567.example.com",
  ];
  assertEquals(args.map(isInstanceId), [true, true, false, false, false, false]);
});
