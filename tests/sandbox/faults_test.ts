import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Faults } from "../../src/sandbox/faults.ts";

/** The dice of 200 calls. */
function sequence(seed: number, ...more: readonly string[]): boolean[] {
  const faults = new Faults(seed);
  for (const fault of ["throttle=0.2", ...more]) faults.set(fault);
  return Array.from({ length: 200 }, () => {
    faults.strikes("snsLoss");
    return faults.strikes("throttle");
  });
}

Deno.test("Faults.strikes() gives the same sequence for the same seed, another for another", () => {
  assertEquals(sequence(7), sequence(7));
  assertNotEquals(sequence(7), sequence(8));
});

Deno.test("Faults.strikes() of one kind does not depend on the others", () => {
  assertEquals(sequence(7), sequence(7, "sns-loss=0.5"));
});

Deno.test("Faults.strikes() strikes as often as asked", () => {
  const share = sequence(1).filter((struck) => struck).length / 200;
  assert(share > 0.12 && share < 0.28, `0.2 was asked, ${share} struck`);
  assertEquals(new Faults(1).strikes("throttle"), false);
});

Deno.test("Faults.set() reads each fault", () => {
  const faults = new Faults();
  for (
    const text of [
      "throttle=0.2",
      "latency=300ms",
      "no-capacity=i-1",
      "no-capacity=i-2",
      "stale-reads=2s",
      "unhealthy=i-3",
      "sns-duplicates=0.3",
      "sns-loss=1",
    ]
  ) faults.set(text);
  assertEquals(faults.throttle, 0.2);
  assertEquals(faults.latency, 300);
  assertEquals([...faults.noCapacity], ["i-1", "i-2"]);
  assertEquals(faults.staleReads, 2_000);
  assertEquals([...faults.unhealthy], ["i-3"]);
  assertEquals([faults.snsDuplicates, faults.snsLoss], [0.3, 1]);
});

Deno.test("Faults.set() says what is wrong with a fault", () => {
  for (
    const [text, message] of [
      ["trottle=0.2", 'Cannot use fault "trottle=0.2": expected throttle=SHARE'],
      ["throttle", 'Cannot use fault "throttle": expected throttle=SHARE'],
      ["throttle=2", 'Cannot use fault "throttle=2": expected a share from 0 to 1'],
      ["latency=300", 'Cannot use fault "latency=300": expected a time such as 300ms or 2s'],
    ] as const
  ) assertThrows(() => new Faults().set(text), TypeError, message);
});

Deno.test("Faults.clear() ends every fault", () => {
  const faults = new Faults();
  faults.set("throttle=1");
  faults.set("unhealthy=i-3");
  faults.clear();
  assertEquals([faults.strikes("throttle"), faults.unhealthy.size], [false, 0]);
});
