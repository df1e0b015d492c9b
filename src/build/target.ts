/**
 * The targets of the build, and detection of an executable's target.
 *
 * @module
 */

/** Targets by the field e_machine of an ELF file. Source: elf(5). */
const ELF: Readonly<Record<number, string>> = {
  62: "x86_64-unknown-linux-gnu",
  183: "aarch64-unknown-linux-gnu",
};

/** Targets by the field cputype of a 64-bit Mach-O file. Source: mach/machine.h. */
const MACH_O: Readonly<Record<number, string>> = {
  0x0100_0007: "x86_64-apple-darwin",
  0x0100_000c: "aarch64-apple-darwin",
};

/** Rust names of the targets that `deno compile --target` accepts. */
export const TARGETS: readonly string[] = [...Object.values(ELF), ...Object.values(MACH_O)];

/**
 * Returns the target of an executable, given its first 20 bytes, or undefined if {@linkcode TARGETS} does not contain the target.
 */
export function targetOf(head: Uint8Array): string | undefined {
  if (head.length < 20) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  switch (view.getUint32(0)) {
    case 0x7f45_4c46:
      return ELF[view.getUint16(18, true)];
    case 0xcffa_edfe:
      return MACH_O[view.getUint32(4, true)];
    default:
      return undefined;
  }
}
