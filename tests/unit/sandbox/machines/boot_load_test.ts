import { assertEquals } from "@std/assert";
import { MachineWithBootLoad } from "../../../../src/sandbox/machines/boot_load.ts";
import { Burner } from "../cloudwatch/bench.ts";
import { handClock } from "../hand_clock.ts";

Deno.test("MachineWithBootLoad adds CPU load until the boot load ends, up to one core in total", () => {
  const clock = handClock();
  const own = new Burner(clock, 0.25);
  const machine = new MachineWithBootLoad(own, clock);
  clock.advance(4_000);
  assertEquals(machine.cpuSeconds(), 1);
  machine.startLoad(1, 10_000);
  clock.advance(8_000);
  assertEquals(machine.cpuSeconds(), 9);
  clock.advance(2_000);
  assertEquals(machine.cpuSeconds(), 11);
  clock.advance(4_000);
  assertEquals(machine.cpuSeconds(), 12);
});

Deno.test("MachineWithBootLoad adds a share of a core to an idle machine", () => {
  const clock = handClock(10);
  const machine = new MachineWithBootLoad(new Burner(clock, 0), clock);
  machine.startLoad(0.5, 20_000);
  clock.advance(10_000);
  assertEquals(machine.cpuSeconds(), 0.5);
  clock.advance(60_000);
  assertEquals(machine.cpuSeconds(), 1);
});
