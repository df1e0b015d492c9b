import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { requireKnown, runtimeIn, runtimeSize, sha256 } from "../../../src/build/runtime.ts";
import { BuildError } from "../../../src/build/work.ts";

const RUNTIME = { version: "2.7.11", target: "x86_64-unknown-linux-gnu", sha256: "ab12" };
const KNOWN = "cd34  denort-2.7.11-aarch64-unknown-linux-gnu\nab12  denort-2.7.11-x86_64-unknown-linux-gnu\n";

/** A 64-bit ELF file whose `headers` section headers begin at `at`, with a program after it. */
function elf(at: number, headers: number, program: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(at + headers * 64 + program.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x7f45_4c46);
  view.setUint8(4, 2);
  view.setUint16(18, 62, true);
  view.setBigUint64(40, BigInt(at), true);
  view.setUint16(58, 64, true);
  view.setUint16(60, headers, true);
  bytes.set(program, at + headers * 64);
  return bytes;
}

Deno.test("runtimeSize() is the end of an ELF file's section headers", () => {
  assertEquals(runtimeSize(elf(1_000, 3, new Uint8Array(500))), 1_192);
});

Deno.test("runtimeSize() does not know files of other formats, or a file that is too short", () => {
  const macho = new Uint8Array(64);
  new DataView(macho.buffer).setUint32(0, 0xcffa_edfe);
  for (
    const bytes of [macho, elf(0, 0, new Uint8Array(64)), elf(100, 1, new Uint8Array(0)).subarray(0, 63)]
  ) {
    assertEquals(runtimeSize(bytes), undefined);
  }
});

Deno.test("runtimeIn() reads the runtime of a Linux executable without the program, and of macOS from its source", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const linux = elf(100, 2, new TextEncoder().encode("program"));
    const macho = new Uint8Array(64);
    new DataView(macho.buffer).setUint32(0, 0xcffa_edfe);
    new DataView(macho.buffer).setUint32(4, 0x0100_000c, true);
    await Deno.writeFile(`${folder}/linux`, linux);
    await Deno.writeFile(`${folder}/macos`, macho);
    await Deno.writeTextFile(`${folder}/source`, "runtime");
    assertEquals(await runtimeIn(`${folder}/linux`, `${folder}/source`), {
      target: "x86_64-unknown-linux-gnu",
      sha256: await sha256(linux.slice(0, 228)),
    });
    assertEquals(await runtimeIn(`${folder}/macos`, `${folder}/source`), {
      target: "aarch64-apple-darwin",
      sha256: await sha256(new TextEncoder().encode("runtime")),
    });
    await assertRejects(() => runtimeIn(`${folder}/macos`, undefined), BuildError);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the build accepts only a runtime of its list, or the checksum that it is told", () => {
  requireKnown(RUNTIME, KNOWN, undefined);
  requireKnown({ ...RUNTIME, version: "2.9.6", sha256: "ef56" }, KNOWN, "EF56");
  const refused = [
    [{ ...RUNTIME, sha256: "cd34" }, undefined],
    [{ ...RUNTIME, version: "2.7.1" }, undefined],
    [{ ...RUNTIME, target: "aarch64-unknown-linux-gnu" }, undefined],
    [RUNTIME, "ef56"],
  ] as const;
  for (const [runtime, accepted] of refused) {
    assertThrows(() => requireKnown(runtime, KNOWN, accepted), BuildError, runtime.sha256);
  }
});
