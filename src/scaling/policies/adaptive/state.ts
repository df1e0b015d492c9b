/**
 * The bytes in which the learner keeps what it remembers over a restart: a header, numbers of 64 bits, and the demand of each minute
 * in 32 bits. A full week takes 45 kB.
 *
 * @module
 */
import { KEPT, Minutes } from "./minutes.ts";
import { RULES } from "./rules.ts";
import type { Sums } from "./scores.ts";

/** What the learner remembers over a restart. */
export interface Memory {
  readonly minutes: Minutes;
  readonly sums: Sums;
  /** The number of the rule that kas follows. */
  readonly rule: number;
  /** For how long kas has measured the load, in ms. */
  readonly measured: number;
  /** The settings that the sums depend on. Infinity: no ceiling of the spare instances. */
  readonly utilization: number;
  readonly maxSpare: number;
}

/** The first bytes: "kasa". */
const MAGIC = 0x6b617361;

/** Increase it with every change of the rules, their sums or these bytes: kas then starts cold. */
const VERSION = 1;

/** The header: magic, version and checksum, 32 bits each. */
const HEADER = 12;

/** The numbers before the sums of the rules. */
const NUMBERS = 7;

/** Writes the bytes. */
export function encode(
  { minutes, sums, rule, measured, utilization, maxSpare }: Memory,
): Uint8Array<ArrayBuffer> {
  const { first, demand } = minutes.dense();
  const numbers = [
    ...[utilization, maxSpare, rule, measured, sums.time, sums.needed, first],
    ...sums.short,
    ...sums.beyond,
    ...sums.starts,
  ];
  const view = new DataView(new ArrayBuffer(HEADER + numbers.length * 8 + demand.length * 4));
  numbers.forEach((number, i) => view.setFloat64(HEADER + i * 8, number));
  const before = HEADER + numbers.length * 8;
  for (let i = 0; i < demand.length; i++) view.setFloat32(before + i * 4, demand[i] ?? NaN);
  const bytes = new Uint8Array(view.buffer);
  [MAGIC, VERSION, checksum(bytes.subarray(HEADER))].forEach((it, i) => view.setUint32(i * 4, it));
  return bytes;
}

/** Reads the bytes. Undefined if they are damaged, or from another version. */
export function decode(bytes: Uint8Array): Memory | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const before = HEADER + (NUMBERS + 3 * RULES.length) * 8;
  const kept = (bytes.length - before) / 4;
  if (!Number.isInteger(kept) || kept < 0 || kept > KEPT) return undefined;
  const header = [MAGIC, VERSION, checksum(bytes.subarray(HEADER))];
  if (header.some((it, i) => view.getUint32(i * 4) !== it)) return undefined;
  const number = (i: number) => view.getFloat64(HEADER + i * 8);
  const sum = (i: number) => Float64Array.from(RULES, (_, rule) => number(NUMBERS + i * RULES.length + rule));
  const [utilization, maxSpare, rule, measured, time, needed, first] = Array.from(
    { length: NUMBERS },
    (_, i) => number(i),
  ) as [number, number, number, number, number, number, number];
  const sums = { time, needed, short: sum(0), beyond: sum(1), starts: sum(2) };
  const all = [utilization, measured, time, needed, ...sums.short, ...sums.beyond, ...sums.starts];
  if (!all.every((it) => Number.isFinite(it) && it >= 0) || RULES[rule] === undefined) return undefined;
  const demand = new Float32Array(kept);
  for (let i = 0; i < kept; i++) demand[i] = view.getFloat32(before + i * 4);
  return { minutes: Minutes.from(first, demand), sums, rule, measured, utilization, maxSpare };
}

/** FNV-1a with 32 bits. Source: IETF draft-eastlake-fnv. It finds bytes that a disk or a broken write changed. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash >>> 0;
}
