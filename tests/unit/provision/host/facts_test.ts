import { assertEquals, assertThrows } from "@std/assert";
import { parseFacts } from "../../../../src/provision/host/facts.ts";

Deno.test("parseFacts() parses the facts of a host", () => {
  const facts = parseFacts([
    "services-respond\tyes",
    "os\tubuntu debian",
    "system\tUbuntu 24.04 LTS",
    "arch\taarch64",
    "free\t12345678",
    "program\tnginx",
    "sum\tabc */usr/local/bin/kas",
    "file\t/usr/local/bin/kas 755 root:root",
    "file\t/usr/local/bin/kas.previous 755 root:root",
    ...["Id=kas-worker.service", "ActiveState=active", "UnitFileState=enabled", ""].map((line) =>
      `unit\t${line}`
    ),
    ...["Id=kas-autoscaler.service", "ActiveState=inactive", "UnitFileState="].map((line) => `unit\t${line}`),
    `settings\t${btoa('{"fleet":"web"}')}`,
  ].join("\n"));
  assertEquals(facts, {
    osIds: ["ubuntu", "debian"],
    osName: "Ubuntu 24.04 LTS",
    arch: "aarch64",
    freeBytes: 12_345_678,
    locked: false,
    interrupted: false,
    programs: new Set(["nginx"]),
    files: new Map([
      ["/usr/local/bin/kas", { mode: 0o755, owner: "root:root", sha256: "abc" }],
      ["/usr/local/bin/kas.previous", { mode: 0o755, owner: "root:root", sha256: "" }],
    ]),
    units: new Map([
      ["kas-worker", { active: true, enabled: true }],
      ["kas-autoscaler", { active: false, enabled: false }],
    ]),
    settings: '{"fleet":"web"}',
    servicesRespond: true,
  });
});

Deno.test("parseFacts() rejects a login message and the output of a different shell", () => {
  assertThrows(() => parseFacts("Welcome!\nThis account is for rsync only.\n"), SyntaxError);
});
