import { assertEquals, assertThrows } from "@std/assert";
import { jumpWords } from "../../../../src/provision/ssh/jump.ts";
import { jumpHost } from "../../../../src/provision/target.ts";

Deno.test("jumpWords() keep a percent sign and a space of a key's name from ssh and from the shell", () => {
  assertEquals(jumpWords({ jump: "[2001:db8::7]:22", identity: "my 100% key" }, []), [
    "-o",
    "ProxyCommand=ssh -i 'my 100%% key' -p 22 -W '[%h]:%p' -- 2001:db8::7",
  ]);
});

for (const word of ["", "local", "-oProxyCommand=x", "a,b", "a b"]) {
  Deno.test(`jumpHost() refuses "${word}"`, () => {
    assertThrows(() => jumpHost(word), TypeError, "expected [user@]host[:port]");
  });
}
