/**
 * The Deno runtime in the executable (denort), and its checksum. `deno compile` downloads the runtime without checking it, or
 * takes the
 * file in DENORT_BIN. So the build compares the runtime with src/build/checksums.txt before the executable leaves the build folder.
 *
 * @module
 */
import { targetOf } from "./target.ts";
import { BuildError, ROOT } from "./work.ts";

/** The Deno runtime in an executable. */
export interface Runtime {
  /** Version of Deno. */
  readonly version: string;
  readonly target: string;
  /** SHA-256 checksum of the runtime, in lower-case hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Returns the size in bytes of the runtime in a Linux executable that `deno compile` wrote. `deno compile` appends the program to
 * the runtime, so that the runtime ends with the section headers. Returns undefined if the file is not a 64-bit ELF file.
 *
 * Source: elf(5), Elf64_Ehdr.
 *
 * @param head the first 64 bytes of the executable
 */
export function runtimeSize(head: Uint8Array): number | undefined {
  const ELF_64 = 0x7f45_4c46_02n;
  if (head.length < 64) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getBigUint64(0) >> 24n !== ELF_64) return undefined;
  const sectionHeaders = Number(view.getBigUint64(40, true));
  return sectionHeaders === 0
    ? undefined
    : sectionHeaders + view.getUint16(58, true) * view.getUint16(60, true);
}

/**
 * Calculates the checksum of the runtime in an executable. For macOS, `deno compile` changes the runtime in the executable. Then
 * this function calculates the checksum of the file from which `deno compile` took the runtime.
 *
 * @param source path of the file from which `deno compile` took the runtime, if DENORT_BIN is set
 * @throws {BuildError} if the executable is not for Linux and `source` is undefined
 */
export async function runtimeIn(
  executable: string,
  source: string | undefined,
): Promise<Omit<Runtime, "version">> {
  const bytes = await Deno.readFile(executable);
  const target = targetOf(bytes) ?? "an unknown platform";
  const size = runtimeSize(bytes);
  if (size !== undefined) return { target, sha256: await sha256(bytes.subarray(0, size)) };
  if (source !== undefined) return { target, sha256: await sha256(await Deno.readFile(source)) };
  throw new BuildError(`Cannot check the runtime of ${target}: set DENORT_BIN to the path of the runtime`);
}

/**
 * Checks that the checksum of a runtime is `accepted` or, without `accepted`, that `checksums` contains it.
 *
 * @param checksums lines as `sha256sum` prints them, with names such as `denort-2.7.11-x86_64-unknown-linux-gnu`
 * @throws {BuildError} if the checksum is different or unknown
 */
export function requireKnown(runtime: Runtime, checksums: string, accepted: string | undefined): void {
  const name = `denort-${runtime.version}-${runtime.target}`;
  const [known] = checksums.split("\n").find((line) => line.endsWith(`  ${name}`))?.split("  ") ?? [];
  const expected = accepted?.toLowerCase() ?? known;
  if (expected === runtime.sha256) return;
  throw new BuildError(
    expected === undefined
      ? `src/build/checksums.txt has no checksum of the runtime ${name}. Compare it with Deno's release, then run: ` +
        `deno task build --runtime-sha256 ${runtime.sha256}`
      : `The runtime ${name} has the SHA-256 checksum ${runtime.sha256}, expected ${expected}`,
  );
}

/** Returns the text of src/build/checksums.txt. */
export async function knownChecksums(): Promise<string> {
  return await Deno.readTextFile(`${ROOT}src/build/checksums.txt`);
}

/** Returns the SHA-256 checksum of some bytes, in lower-case hexadecimal digits. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
