import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { sha256 } from "../../src/build/runtime.ts";
import { execute } from "../support/kas.ts";
import { binary, file, testWith } from "../support/needs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BILL = "dist/kas.cdx.json";
const JUDGE = `${ROOT}tests/support/sbom`;
const CONFIG = ["--quiet", "--config", `${JUDGE}/deno.json`];

/** The packages of the validator. */
const validator = {
  what: "deno cannot load the packages of the validator (tests/support/sbom)",
  met:
    (await new Deno.Command(Deno.execPath(), { args: ["cache", ...CONFIG, `${JUDGE}/validate.ts`] }).output())
      .success,
};

/** Validates a bill against the schema of CycloneDX 1.6. Returns the errors. */
async function errorsOf(bill: unknown): Promise<string> {
  const args = ["run", ...CONFIG, "--allow-read", "--allow-env", `${JUDGE}/validate.ts`];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "null", stderr: "piped" })
    .spawn();
  await new Blob([JSON.stringify(bill)]).stream().pipeTo(child.stdin);
  const { success, stderr } = await child.output();
  return success ? "" : new TextDecoder().decode(stderr);
}

async function readBill() {
  return JSON.parse(await Deno.readTextFile(ROOT + BILL));
}

testWith([file(BILL), validator], "the bill of materials is valid CycloneDX 1.6", async () => {
  const bill = await readBill();
  assertEquals(await errorsOf(bill), "");
  const [component] = bill.components;
  // The validator sees a hash that is no hash, and a component without a name.
  for (const wrong of [{ hashes: [{ alg: "SHA-512", content: "x" }] }, { name: undefined }]) {
    const broken = { ...bill, components: [{ ...component, ...wrong }] };
    assertEquals((await errorsOf(broken)).includes("must"), true);
  }
});

testWith([binary(), file(BILL)], "the bill of materials is that of the executable", async () => {
  const { metadata, components } = await readBill();
  assertEquals(metadata.component.hashes[0].content, await sha256(await Deno.readFile(`${ROOT}dist/kas`)));
  const version = await execute([`${ROOT}dist/kas`, "--version"]);
  assertEquals(version.stdout.includes(`deno ${components[0].version}`), true);
  // The executable prints the licence of each package.
  const { stdout } = await execute([`${ROOT}dist/kas`, "--licenses"]);
  const licensed = Array.from(
    stdout.matchAll(/^- (\S+) \((.*)\)$/gm),
    ([, name, license]) => `${name} ${license}`,
  );
  const billed = components.slice(1).map(
    (part: { name: string; licenses: { license: { id: string } }[] }) =>
      `${part.name} ${part.licenses[0]?.license.id}`,
  );
  assertEquals(billed.sort(), licensed.sort());
});
