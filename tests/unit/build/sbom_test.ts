import { assertEquals, assertThrows } from "@std/assert";
import { billOf, type Contents } from "../../../src/build/sbom.ts";

const CONTENTS: Contents = {
  parts: [
    { name: "@smithy/core", version: "3.41.0", license: "Apache-2.0" },
    { name: "tslib", version: "1.0.0", license: "0BSD" },
    { name: "tslib", version: "2.8.1", license: "(MIT OR Apache-2.0)" },
  ],
  lock: {
    npm: {
      "@smithy/core@3.41.0": { integrity: "sha512-AP8Q", dependencies: ["tslib@2.8.1", "not-in-the-bundle"] },
      "tslib@1.0.0": { integrity: "sha512-AAAA" },
      "tslib@2.8.1": { integrity: "sha512-AQID" },
    },
  },
  runtime: { version: "2.7.11", target: "x86_64-unknown-linux-gnu", sha256: "ab12" },
  v8: "14.7",
  sha256: "cd34",
};

const KAS = "pkg:generic/kas@0.1.0";
const DENO = "pkg:github/denoland/deno@v2.7.11";
const CORE = "pkg:npm/%40smithy/core@3.41.0";

Deno.test("billOf() names each version of each package with its purl, hash and licence", () => {
  const { components } = billOf(CONTENTS);
  assertEquals(
    components.slice(1).map(({ purl, hashes, licenses }) => [purl, hashes?.[0]?.content, licenses[0]]),
    [
      [CORE, "00ff10", { license: { id: "Apache-2.0" } }],
      ["pkg:npm/tslib@1.0.0", "000000", { license: { id: "0BSD" } }],
      ["pkg:npm/tslib@2.8.1", "010203", { expression: "MIT OR Apache-2.0" }],
    ],
  );
});

Deno.test("billOf() names the executable, and the runtime in it", () => {
  const { metadata, components: [runtime] } = billOf(CONTENTS);
  assertEquals(metadata.component.hashes, [{ alg: "SHA-256", content: "cd34" }]);
  assertEquals([runtime?.purl, runtime?.hashes], [DENO, [{ alg: "SHA-256", content: "ab12" }]]);
});

Deno.test("billOf() says what needs what, as far as the executable contains it", () => {
  assertEquals(billOf(CONTENTS).dependencies, [
    { ref: KAS, dependsOn: [DENO, CORE, "pkg:npm/tslib@1.0.0", "pkg:npm/tslib@2.8.1"] },
    { ref: CORE, dependsOn: ["pkg:npm/tslib@2.8.1"] },
    { ref: "pkg:npm/tslib@1.0.0", dependsOn: [] },
    { ref: "pkg:npm/tslib@2.8.1", dependsOn: [] },
  ]);
});

Deno.test("billOf() refuses a package without a SHA-512 hash in deno.lock", () => {
  const [, ...others] = Object.entries(CONTENTS.lock.npm);
  assertThrows(
    () => billOf({ ...CONTENTS, lock: { npm: Object.fromEntries(others) } }),
    Error,
    "@smithy/core",
  );
  const sha1 = { npm: { ...CONTENTS.lock.npm, "tslib@1.0.0": { integrity: "sha1-AAAA" } } };
  assertThrows(() => billOf({ ...CONTENTS, lock: sha1 }), Error, "sha1");
});
