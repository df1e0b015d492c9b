import { assertEquals, assertThrows } from "@std/assert";
import { jumpHostArguments } from "../../../../src/provision/ssh/jump_host.ts";
import { parseJumpHost } from "../../../../src/provision/target.ts";

Deno.test("jumpHostArguments() quotes the path of the key for the shell and for ssh's percent expansion", () => {
  assertEquals(jumpHostArguments({ jump: "[2001:db8::7]:22", identity: "my 100% key" }, []), [
    "-o",
    "ProxyCommand=ssh -i 'my 100%% key' -p 22 -W '[%h]:%p' -- 2001:db8::7",
  ]);
});

for (const word of ["", "local", "-oProxyCommand=x", "a,b", "a b"]) {
  Deno.test(`parseJumpHost() rejects "${word}"`, () => {
    assertThrows(() => parseJumpHost(word), TypeError);
  });
}
