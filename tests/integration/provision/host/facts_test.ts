import { assertEquals } from "@std/assert";
import { sha256 } from "../../../../src/provision/executable.ts";
import { factsScript, parseFacts } from "../../../../src/provision/host/facts.ts";

Deno.test("parseFacts() parses the output of the script that factsScript() returns", async () => {
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
