import { assertEquals, assertThrows } from "@std/assert";
import { sha256 } from "../../../../src/provision/executable.ts";
import { factsScript, parseFacts } from "../../../../src/provision/host/facts.ts";

Deno.test("parseFacts() reads the facts of a host", () => {
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

Deno.test("parseFacts() refuses a login message and the output of another shell", () => {
  assertThrows(() => parseFacts("Welcome!\nThis account is for rsync only.\n"), SyntaxError);
});

Deno.test("parseFacts() reads what bash prints for factsScript()", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/there`, "content\n");
    await Deno.chmod(`${folder}/there`, 0o640);
    const script = factsScript({
      programs: ["sh", "no-such-program"],
      paths: [`${folder}/there`, `${folder}/absent`],
      existing: [`${folder}/there`],
      units: [],
      check: ["true"],
    });
    const child = new Deno.Command("bash", { args: ["-c", script], stdout: "piped", stderr: "piped" });
    const { stdout } = await child.output();
    const facts = parseFacts(new TextDecoder().decode(stdout));
    assertEquals([facts.arch, [...facts.programs], facts.servicesRespond], [Deno.build.arch, ["sh"], true]);
    const found = facts.files.get(`${folder}/there`);
    assertEquals([facts.files.size, found?.mode, found?.sha256], [1, 0o640, sha256("content\n")]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
