/**
 * Finds the kas executable to install on a host: the file of `--binary`, the running executable, or `dist/kas-<arch>`.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** An executable that kas can copy to a host. */
export interface Executable {
  readonly path: string;
  /** Size of the executable in bytes. */
  readonly size: number;
  /** SHA-256 of the executable in hexadecimal. */
  readonly sha256: string;
}

/** Architectures by ELF machine number, as `uname -m` names them. Source: elf.h, e_machine. */
const ARCHITECTURES = new Map([[62, "x86_64"], [183, "aarch64"]]);

/** Magic number of ELF, and the offset of e_machine. Source: elf(5). */
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const E_MACHINE_OFFSET = 18;

/** Number of bytes that contain a file's ELF header. */
const HEADER_BYTES = 64;

/**
 * Returns the architecture of an ELF file, given its first bytes. Returns undefined if the file is not ELF, or if kas does not
 * support its architecture.
 */
export function elfArchitecture(header: Uint8Array): string | undefined {
  if (header.length < E_MACHINE_OFFSET + 2 || ELF_MAGIC.some((byte, i) => header[i] !== byte)) {
    return undefined;
  }
  return ARCHITECTURES.get((header[E_MACHINE_OFFSET] ?? 0) | ((header[E_MACHINE_OFFSET + 1] ?? 0) << 8));
}

/** Finds executables, and calculates the SHA-256 of each executable only once. */
export class Executables {
  readonly #named: string | undefined;
  readonly #hashed = new Map<string, Promise<Executable>>();

  /** @param named path from the option `--binary`; undefined if the option is not set */
  constructor(named: string | undefined) {
    this.#named = named;
  }

  /** Starts to calculate the SHA-256 of the executable that hosts most likely need, while kas still connects to the hosts. */
  startHashing(): void {
    const path = this.#named ?? (Deno.build.standalone ? Deno.execPath() : undefined);
    // This call ignores the error, because forArchitecture() reports the same error.
    if (path !== undefined) void this.#hash(path).catch(() => {});
  }

  /**
   * Returns the executable for an architecture: the file of `--binary` if the option is set; otherwise the running executable if it
   * has this architecture, or `dist/kas-<arch>`.
   *
   * @throws {TypeError} if none of these files is an executable for the architecture
   */
  async forArchitecture(arch: string): Promise<Executable> {
    const candidates = this.#named !== undefined
      ? [this.#named]
      : [...(Deno.build.standalone ? [Deno.execPath()] : []), `dist/kas-${arch}`];
    const mismatches: string[] = [];
    for (const path of candidates) {
      const found = await architectureOf(path);
      if (found === arch) return await this.#hash(path);
      if (found === NOT_LINUX) mismatches.push(`${path} is not a Linux executable`);
      else if (found !== undefined) mismatches.push(`${path} is for ${found}`);
    }
    const why = mismatches.length > 0
      ? mismatches.join(", ")
      : candidates.map((path) => `${path} does not exist`).join(", ");
    throw new TypeError(`Cannot find a kas executable for ${arch}: ${why}`);
  }

  #hash(path: string): Promise<Executable> {
    const hashed = this.#hashed.get(path) ?? hashFile(path);
    this.#hashed.set(path, hashed);
    return hashed;
  }
}

const NOT_LINUX = Symbol("not a Linux executable");

/** Returns the architecture of an executable, or undefined if the file does not exist. */
async function architectureOf(path: string): Promise<string | typeof NOT_LINUX | undefined> {
  try {
    using file = await Deno.open(path);
    const header = new Uint8Array(HEADER_BYTES);
    const length = await file.read(header) ?? 0;
    return elfArchitecture(header.subarray(0, length)) ?? NOT_LINUX;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new TypeError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

async function hashFile(path: string): Promise<Executable> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  const chunk = new Uint8Array(1 << 20);
  let size = 0;
  for (let length; (length = await file.read(chunk)) !== null; size += length) {
    hash.update(chunk.subarray(0, length));
  }
  return { path, size, sha256: hash.digest("hex") };
}

/** Returns the SHA-256 of a text in hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
