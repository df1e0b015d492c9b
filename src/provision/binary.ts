/**
 * The executable for a host: the one that runs, if it fits, or one from a file.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** An executable to copy. */
export interface Executable {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** What ELF calls an architecture, by uname's name of it. Source: elf.h, e_machine. */
const MACHINES = new Map([[62, "x86_64"], [183, "aarch64"]]);

/** Where e_machine stands, behind the magic number and the type. Source: elf(5). */
const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const MACHINE_AT = 18;

/** The architecture that a file is for, by its first bytes, in uname's words; undefined if Linux can't run it. */
export function architecture(head: Uint8Array): string | undefined {
  if (head.length < MACHINE_AT + 2 || MAGIC.some((byte, i) => head[i] !== byte)) return undefined;
  return MACHINES.get((head[MACHINE_AT] ?? 0) | ((head[MACHINE_AT + 1] ?? 0) << 8));
}

/** Finds executables and hashes each once. */
export class Executables {
  readonly #given: string | undefined;
  readonly #hashed = new Map<string, Promise<Executable>>();

  /** @param given the file that the operator named */
  constructor(given: string | undefined) {
    this.#given = given;
  }

  /** Hashes the likeliest one already. */
  begin(): void {
    const path = this.#given ?? (Deno.build.standalone ? Deno.execPath() : undefined);
    // What is wrong with it is told when it is asked for.
    if (path !== undefined) void this.#hash(path).catch(() => {});
  }

  /**
   * The executable for an architecture: the one that was named; else the one that runs, where it fits; else `dist/kas-<arch>`.
   *
   * @throws {TypeError} where there is none, or it is for another architecture
   */
  async for(arch: string): Promise<Executable> {
    const places = this.#given !== undefined
      ? [this.#given]
      : [...(Deno.build.standalone ? [Deno.execPath()] : []), `dist/kas-${arch}`];
    const found: string[] = [];
    for (const path of places) {
      const its = await architectureOf(path);
      if (its === arch) return await this.#hash(path);
      if (its !== undefined) found.push(`${path} is for ${its === NO_PROGRAM ? "no Linux" : its}`);
    }
    const where = found.length > 0 ? found.join(", ") : `there is no ${places.join(" and no ")}`;
    throw new TypeError(`There is no kas for ${arch}: ${where}`);
  }

  #hash(path: string): Promise<Executable> {
    const hashed = this.#hashed.get(path) ?? hashOf(path);
    this.#hashed.set(path, hashed);
    return hashed;
  }
}

const NO_PROGRAM = "none";

/** undefined where there is no such file. */
async function architectureOf(path: string): Promise<string | undefined> {
  try {
    using file = await Deno.open(path);
    const head = new Uint8Array(64);
    const length = await file.read(head) ?? 0;
    return architecture(head.subarray(0, length)) ?? NO_PROGRAM;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new TypeError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

async function hashOf(path: string): Promise<Executable> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  const chunk = new Uint8Array(1 << 20);
  let size = 0;
  for (let length; (length = await file.read(chunk)) !== null; size += length) {
    hash.update(chunk.subarray(0, length));
  }
  return { path, size, sha256: hash.digest("hex") };
}

/** SHA-256 of a text in hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
