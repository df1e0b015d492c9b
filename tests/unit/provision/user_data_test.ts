import { assert, assertStringIncludes } from "@std/assert";
import { userData } from "../../../src/provision/user_data.ts";

const SUM = "0".repeat(64);

Deno.test("the script of userData() downloads the executable, verifies its checksum and provisions the host", () => {
  const script = userData({
    url: "https://example.com/kas?v=1&x='y'",
    sha256: SUM,
    flags: ["--role=both", "--fleet=web"],
  });
  assert(script.startsWith("#!/bin/bash\n"));
  assertStringIncludes(script, `'https://example.com/kas?v=1&x='\\''y'\\''' -o "$folder/kas"`);
  assertStringIncludes(script, "admin provision local --role=both --fleet=web");
  assert(script.indexOf("sha256sum --check") < script.indexOf("admin provision"));
});
