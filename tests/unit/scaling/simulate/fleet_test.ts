import { assert, assertEquals, assertThrows } from "@std/assert";
import { SimulatedFleet } from "../../../../src/scaling/simulate/fleet.ts";
import type { Load } from "../../../../src/scaling/simulate/load/load.ts";
import type { Phase } from "../../../../src/scaling/simulate/machine.ts";
import { KIND, UNKIND } from "../../../../src/scaling/simulate/world.ts";

const MINUTE = 60;

const half: Load = { fleet: 2, seconds: 600, demand: () => 0.5 };

const [base = "", node = ""] = new SimulatedFleet(half).machines.map(({ id }) => id);

function phaseOf(fleet: SimulatedFleet, id: string): Phase | undefined {
  return fleet.machines.find((machine) => machine.id === id)?.phase;
}

/** Lets time pass until an instance is in another phase. Returns how long it took, in seconds. */
function leave(fleet: SimulatedFleet, id: string): number {
  const [begun, phase] = [fleet.now, phaseOf(fleet, id)];
  while (phaseOf(fleet, id) === phase) fleet.tick();
  return fleet.now - begun;
}

Deno.test("a started simulated instance boots and registers, and an instance drains before it stops", () => {
  const fleet = new SimulatedFleet(half, KIND);
  fleet.start(node);
  const boot = leave(fleet, node);
  const [least, most] = KIND.boot;
  assert(least <= boot && boot <= most, `${boot} s`);
  assertEquals(phaseOf(fleet, node), "registering");
  assertEquals(leave(fleet, node), KIND.register);
  assertEquals(phaseOf(fleet, node), "in-service");
  fleet.stop(node, "drained");
  assertEquals(leave(fleet, node), KIND.drain);
  assertEquals(leave(fleet, node), KIND.stop);
  assertEquals(phaseOf(fleet, node), "stopped");
  assertEquals(fleet.count, { starts: 1, stops: 1 });
});

Deno.test("simulated instances in service share the load, and a stopped instance has no datapoint", () => {
  const fleet = new SimulatedFleet(half, KIND);
  const minute = () => {
    for (let second = 1; second < MINUTE; second++) assertEquals(fleet.tick(), undefined);
    return fleet.tick()?.cloudwatch;
  };
  const alone = minute();
  assert(Math.abs((alone?.cpu.get(base) ?? 0) - 50) < 5, `${alone?.cpu.get(base)} %`);
  assertEquals(alone?.cpu.has(node), false);
  fleet.start(node);
  while (phaseOf(fleet, node) !== "in-service" || fleet.now % MINUTE !== 0) fleet.tick();
  const both = minute();
  for (const id of [base, node]) {
    assert(Math.abs((both?.cpu.get(id) ?? 0) - 25) < 3, `${both?.cpu.get(id)} %`);
  }
});

Deno.test("a simulated stopping instance that is started boots after it has stopped; a draining instance is in service immediately", () => {
  const fleet = new SimulatedFleet(half, KIND);
  fleet.start(node);
  fleet.stop(node, "at once");
  assertEquals(phaseOf(fleet, node), "stopping");
  fleet.start(node);
  assertEquals(leave(fleet, node), KIND.stop);
  assertEquals(phaseOf(fleet, node), "booting");
  while (phaseOf(fleet, node) !== "in-service") fleet.tick();
  fleet.stop(node, "drained");
  fleet.registerAgain(node);
  assertEquals(phaseOf(fleet, node), "in-service");
  assertThrows(() => fleet.start(node), Error, "it is in-service");
});

Deno.test("a datapoint becomes readable after the metric delay, with the start of its period as timestamp", () => {
  const fleet = new SimulatedFleet(half, UNKIND);
  const read: (readonly [at: number, began: number])[] = [];
  for (let second = 0; second < 300; second++) {
    const points = fleet.tick()?.cloudwatch;
    if (points !== undefined) read.push([fleet.now, points.began]);
  }
  assertEquals(read, [[150, 0], [210, 60], [270, 120]]);
});

Deno.test("with basic monitoring, a simulated datapoint covers five minutes", () => {
  const fleet = new SimulatedFleet(half, { ...KIND, period: 300 });
  const began: number[] = [];
  while (fleet.now < 900) {
    const points = fleet.tick()?.cloudwatch;
    if (points !== undefined) began.push(points.began);
  }
  assertEquals(began, [0, 300, 600]);
});

Deno.test("a booting simulated instance uses the boot CPU of the simulated environment", () => {
  const busy = (bootCpu: number) => {
    const fleet = new SimulatedFleet(half, { ...KIND, boot: [60, 60], bootCpu });
    fleet.start(node);
    for (;;) {
      const points = fleet.tick()?.cloudwatch;
      if (points !== undefined) return points.cpu.get(node);
    }
  };
  assertEquals([busy(0), busy(100)], [0, 100]);
});
