import { assertEquals, assertThrows } from "@std/assert";
import { lookScript, readFacts } from "../../src/provision/facts.ts";

Deno.test("readFacts() reads what a host tells of itself", () => {
  const facts = readFacts([
    "answers\tyes",
    "os\tubuntu debian",
    "system\tUbuntu 24.04 LTS",
    "arch\taarch64",
    "free\t12345678",
    "program\tnginx",
    "file\t/usr/local/bin/kas 755 root:root abc",
    "file\t/usr/local/bin/kas.previous 755 root:root",
    "unit\tkas-worker active enabled",
    "unit\tkas-autoscaler inactive ",
    `settings\t${btoa('{"fleet":"web"}')}`,
  ].join("\n"));
  assertEquals(facts, {
    os: ["ubuntu", "debian"],
    system: "Ubuntu 24.04 LTS",
    arch: "aarch64",
    free: 12_345_678,
    busy: false,
    unfinished: false,
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
    answers: true,
  });
});

Deno.test("readFacts() refuses what a login message or another shell says", () => {
  assertThrows(() => readFacts("Welcome!\nThis account is for rsync only.\n"), SyntaxError);
});

Deno.test("lookScript() is one that bash runs anywhere, and readFacts() understands", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script = lookScript({
      programs: ["sh", "no-such-program"],
      paths: [`${folder}/absent`],
      present: [],
      units: [],
      check: ["true"],
    });
    const child = new Deno.Command("bash", { args: ["-c", script], stdout: "piped", stderr: "piped" });
    const { stdout } = await child.output();
    const facts = readFacts(new TextDecoder().decode(stdout));
    assertEquals([facts.arch, [...facts.programs], facts.files.size, facts.answers], [
      Deno.build.arch,
      ["sh"],
      0,
      true,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
