import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Load } from "../../../../bench/scenario/loads.ts";
import { MINUTE, type Phase, Plant, TIMES } from "../../../../bench/scenario/plant.ts";

const half: Load = { name: "half", fleet: 2, seconds: 600, demand: () => 0.5 };

const [base = "", node = ""] = new Plant(half).machines.map(({ id }) => id);

function phaseOf(plant: Plant, id: string): Phase | undefined {
  return plant.machines.find((machine) => machine.id === id)?.phase;
}

/** Lets time pass until an instance is in another phase; s. */
function leave(plant: Plant, id: string): number {
  const [begun, phase] = [plant.now, phaseOf(plant, id)];
  while (phaseOf(plant, id) === phase) plant.tick();
  return plant.now - begun;
}

Deno.test("a started instance boots and registers; a stopped one drains first", () => {
  const plant = new Plant(half);
  plant.start(node);
  const boot = leave(plant, node);
  const [least, most] = TIMES.boot;
  assert(least <= boot && boot <= most, `${boot} s`);
  assertEquals(phaseOf(plant, node), "registering");
  assertEquals(leave(plant, node), TIMES.register);
  assertEquals(phaseOf(plant, node), "in-service");
  plant.stop(node, "drained");
  assertEquals(leave(plant, node), TIMES.drain);
  assertEquals(leave(plant, node), TIMES.stop);
  assertEquals(phaseOf(plant, node), "stopped");
  assertEquals(plant.count, { starts: 1, stops: 1 });
});

Deno.test("the instances in service share the load, and a stopped instance has no datapoint", () => {
  const plant = new Plant(half);
  const minute = () => {
    for (let second = 1; second < MINUTE; second++) assertEquals(plant.tick(), undefined);
    return plant.tick();
  };
  const alone = minute();
  assert(Math.abs((alone?.get(base) ?? 0) - 50) < 5, `${alone?.get(base)} %`);
  assertEquals(alone?.has(node), false);
  plant.start(node);
  while (phaseOf(plant, node) !== "in-service" || plant.now % MINUTE !== 0) plant.tick();
  const both = minute();
  for (const id of [base, node]) assert(Math.abs((both?.get(id) ?? 0) - 25) < 3, `${both?.get(id)} %`);
});

Deno.test("a stopping instance that is started again boots once it has stopped; a draining one is in service at once", () => {
  const plant = new Plant(half);
  plant.start(node);
  plant.stop(node, "at once");
  assertEquals(phaseOf(plant, node), "stopping");
  plant.start(node);
  assertEquals(leave(plant, node), TIMES.stop);
  assertEquals(phaseOf(plant, node), "booting");
  while (phaseOf(plant, node) !== "in-service") plant.tick();
  plant.stop(node, "drained");
  plant.registerAgain(node);
  assertEquals(phaseOf(plant, node), "in-service");
  assertThrows(() => plant.start(node), Error, "it is in-service");
});
