import { assertEquals, assertThrows } from "@std/assert";
import { sha256 } from "../../../src/provision/binary.ts";
import { lookScript, readFacts } from "../../../src/provision/facts.ts";

Deno.test("readFacts() reads what a host tells of itself", () => {
  const facts = readFacts([
    "answers\tyes",
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
    await Deno.writeTextFile(`${folder}/there`, "content\n");
    await Deno.chmod(`${folder}/there`, 0o640);
    const script = lookScript({
      programs: ["sh", "no-such-program"],
      paths: [`${folder}/there`, `${folder}/absent`],
      present: [`${folder}/there`],
      units: [],
      check: ["true"],
    });
    const child = new Deno.Command("bash", { args: ["-c", script], stdout: "piped", stderr: "piped" });
    const { stdout } = await child.output();
    const facts = readFacts(new TextDecoder().decode(stdout));
    assertEquals([facts.arch, [...facts.programs], facts.answers], [Deno.build.arch, ["sh"], true]);
    const found = facts.files.get(`${folder}/there`);
    assertEquals([facts.files.size, found?.mode, found?.sha256], [1, 0o640, sha256("content\n")]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
