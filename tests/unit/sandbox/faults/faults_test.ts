import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Faults, type RandomFault } from "../../../../src/sandbox/faults/faults.ts";

/** Returns whether a fault occurs in each of 200 calls. */
function sequence(seed: number, ...more: readonly string[]): boolean[] {
  const faults = new Faults(seed);
  for (const fault of ["throttle=0.2", ...more]) faults.set(fault);
  return Array.from({ length: 200 }, () => {
    faults.occurs("snsLoss");
    return faults.occurs("throttle");
  });
}

Deno.test("Faults.occurs() repeats its random sequence only for the same seed", () => {
  assertEquals(sequence(7), sequence(7));
  assertNotEquals(sequence(7), sequence(8));
});

Deno.test("Faults.occurs() for one fault does not depend on other faults", () => {
  assertEquals(sequence(7), sequence(7, "sns-loss=0.5"));
});

Deno.test("each random fault has its own random sequence", () => {
  const kinds: RandomFault[] = ["throttle", "errors", "cut", "wedge", "snsDuplicates", "snsLoss"];
  const faults = new Faults(7);
  for (const kind of kinds) faults[kind] = 0.5;
  const sequences = kinds.map((kind) => Array.from({ length: 200 }, () => faults.occurs(kind)).join());
  assertEquals(new Set(sequences).size, kinds.length);
});

Deno.test("Faults.occurs() returns true with the given probability", () => {
  const share = sequence(1).filter((struck) => struck).length / 200;
  assert(share > 0.12 && share < 0.28, `0.2 was asked, ${share} struck`);
  assertEquals(new Faults(1).occurs("throttle"), false);
});

Deno.test("Faults.set() accepts the documented syntax of each fault", () => {
  const faults = new Faults();
  for (
    const text of [
      "throttle=0.2",
      "errors=0.1",
      "cut=0.3",
      "wedge=0.4",
      "wedge=StartInstances",
      "latency=300ms",
      "no-capacity=i-1",
      "no-capacity=i-2",
      "stale-reads=2s",
      "unhealthy=i-3",
      "failing-start=i-4",
      "sns-duplicates=0.3",
      "sns-loss=1",
      "deny=ec2:StartInstances",
      "clock=-1.5h",
    ]
  ) faults.set(text);
  assertEquals([...faults.deniedActions], ["ec2:StartInstances"]);
  assertEquals(faults.clockOffset, -5_400_000);
  assertEquals(faults.throttle, 0.2);
  assertEquals([faults.errors, faults.cut, faults.wedge], [0.1, 0.3, 0.4]);
  assertEquals([...faults.wedgedActions], ["StartInstances"]);
  assertEquals(faults.latency, 300);
  assertEquals([...faults.noCapacity], ["i-1", "i-2"]);
  assertEquals(faults.staleReads, 2_000);
  assertEquals([...faults.unhealthy], ["i-3"]);
  assertEquals([faults.snsDuplicates, faults.snsLoss], [0.3, 1]);
});

Deno.test("Faults.set() throws an error that explains why a fault is invalid", () => {
  for (
    const [text, message] of [
      ["trottle=0.2", 'Cannot use fault "trottle=0.2": expected throttle=SHARE'],
      ["throttle", 'Cannot use fault "throttle": expected throttle=SHARE'],
      ["throttle=2", 'Cannot use fault "throttle=2": expected a share from 0 to 1'],
      ["wedge=often", 'Cannot use fault "wedge=often": expected a share from 0 to 1'],
      [
        "deny=StartInstances",
        'Cannot use fault "deny=StartInstances": expected an action such as ec2:StartInstances',
      ],
      ["clock=fast", 'Cannot use fault "clock=fast": expected a time such as 300ms or 2s'],
      ["latency=300", 'Cannot use fault "latency=300": expected a time such as 300ms or 2s'],
    ] as const
  ) assertThrows(() => new Faults().set(text), TypeError, message);
});

Deno.test("Faults.clear() removes every fault", () => {
  const faults = new Faults();
  faults.set("throttle=1");
  for (const text of ["errors=1", "cut=1", "wedge=1", "wedge=StartInstances"]) faults.set(text);
  for (const text of ["unhealthy=i-3", "deny=ec2:StartInstances", "clock=1h"]) faults.set(text);
  faults.clear();
  const chances: RandomFault[] = ["throttle", "errors", "cut", "wedge", "snsDuplicates", "snsLoss"];
  assertEquals(chances.filter((kind) => faults.occurs(kind)), []);
  assertEquals([
    [...faults.unhealthy].length,
    faults.wedgedActions.size,
    faults.deniedActions.size,
    faults.clockOffset,
  ], [0, 0, 0, 0]);
});

Deno.test("Faults.set() parses the failures of instances, with and without a parameter", () => {
  const faults = new Faults();
  for (
    const text of [
      "hangs=i-1",
      "dies=i-1",
      "impaired=i-1:90s",
      "retires=i-1:2h",
      "ends=i-1",
      "ends=i-1:Server.SpotInstanceTermination",
    ]
  ) faults.set(text);
  for (const text of ["hangs=i-1:soon", "dies=i-1:5m", "ends=i-1:Server.Bored", "impaired=:5m", "hangs="]) {
    assertThrows(() => faults.set(text), TypeError);
  }
  assertEquals(faults.failures.take("i-1"), [
    { kind: "hangs", lasts: undefined },
    { kind: "dies" },
    { kind: "impaired", lasts: 90_000 },
    { kind: "retires", after: 7_200_000 },
    { kind: "ends", code: "Client.InstanceInitiatedShutdown" },
    { kind: "ends", code: "Server.SpotInstanceTermination" },
  ]);
  assertEquals(faults.failures.ids(), []);
});

Deno.test("Faults.set() parses the faults that imitate a real account", () => {
  const faults = new Faults(1, { now: () => 1_000, speed: 10 });
  for (
    const text of [
      "rate-limits=on",
      "read-lag=5s",
      "no-capacity=i-1:5m",
      "protected=i-2",
      "boot-cpu=100",
      "status-delay=3m",
      "late-first-check=on",
      "drain-lag=4s",
      "metric-delay=90s",
      "basic-monitoring=on",
      "check-endpoints=on",
    ]
  ) faults.set(text);
  const amounts = () => [
    faults.readLag,
    faults.bootCpu,
    faults.statusDelay,
    faults.drainLag,
    faults.metricDelay,
  ];
  assertEquals(amounts(), [5_000, 100, 180_000, 4_000, 90_000]);
  assertEquals([...faults.noCapacity, ...faults.protectedInstances], ["i-1", "i-2"]);
  const toggles = () => [
    faults.rateLimits,
    faults.lateFirstCheck,
    faults.basicMonitoring,
    faults.checkEndpoints,
  ];
  assertEquals(toggles(), [true, true, true, true]);
  faults.set("rate-limits=off");
  assertEquals(toggles(), [false, true, true, true]);
  for (const text of ["rate-limits=3", "boot-cpu=101", "no-capacity=i-1:soon", "protected="]) {
    assertThrows(() => faults.set(text), TypeError);
  }
  faults.failingStarts.add("i-1");
  faults.failures.add("i-1", { kind: "dies" });
  faults.clear();
  assertEquals([...faults.failingStarts, ...faults.failures.ids()], []);
  assertEquals(toggles(), [false, false, false, false]);
  assertEquals([...faults.noCapacity, ...faults.protectedInstances], []);
  assertEquals(amounts(), [0, 0, 0, 0, 0]);
});

Deno.test("Faults.bootTime() returns random times between the shortest and the longest, the same ones for the same seed", () => {
  const times = (seed: number) => {
    const faults = new Faults(seed);
    return Array.from({ length: 100 }, () => faults.bootTime([30, 60]));
  };
  assert(times(1).every((time) => time >= 30 && time < 60));
  assert(Math.max(...times(1)) - Math.min(...times(1)) > 20);
  assertEquals(times(1), times(1));
  assertNotEquals(times(1), times(2));
});

Deno.test("Faults.readAge() scales the read lag with the sandbox's speed", () => {
  const faults = new Faults(1, { now: () => 0, speed: 100 });
  faults.set("read-lag=10s");
  const ages = Array.from({ length: 100 }, () => faults.readAge());
  assert(ages.every((age) => age <= 100) && Math.max(...ages) > 50);
});

Deno.test("Faults.readAge() returns a random age up to the read lag, in addition to the age of stale reads", () => {
  const faults = new Faults(1);
  faults.set("stale-reads=2s");
  assertEquals(faults.readAge(), 2_000);
  faults.set("read-lag=1s");
  const ages = Array.from({ length: 100 }, () => faults.readAge());
  assert(ages.every((age) => age >= 2_000 && age < 3_000));
  assert(Math.max(...ages) - Math.min(...ages) > 800);
});
