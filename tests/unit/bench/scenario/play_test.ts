import { assert, assertEquals } from "@std/assert";
import { kas } from "../../../../bench/scenario/kas.ts";
import { nineSteps, recordedLoad } from "../../../../bench/scenario/loads.ts";
import { predecessor } from "../../../../bench/scenario/predecessor.ts";
import { instancesNeeded, type Load } from "../../../../src/scaling/simulate/load/load.ts";
import { stepScaling, targetTracking } from "../../../../src/scaling/simulate/peers/auto_scaling.ts";
import { play, type Policy } from "../../../../src/scaling/simulate/play.ts";
import { KIND } from "../../../../src/scaling/simulate/world.ts";
import { losses } from "../../../../bench/parts/scenario.ts";
import { NINE_STEPS } from "../../../../src/admin/sandbox/scenario/nine_steps.ts";

/** A load of nothing for three minutes, and then of as much work as `demand` instances can do. */
function jump(demand: number, seconds = 1_800): Load {
  return { fleet: 10, seconds, demand: (second) => (second < 180 ? 0 : demand) };
}

/** Seconds at which instances were started. */
function startsOf(load: Load, make: Policy): number[] {
  const at: number[] = [];
  play(load, (fleet) => {
    const policy = make(fleet);
    return (points) => {
      const before = fleet.count.starts;
      policy(points);
      for (let n = before; n < fleet.count.starts; n++) at.push(fleet.now);
    };
  }, { world: KIND });
  return at;
}

const idle = () => () => {};

Deno.test("instancesNeeded() is the lowest number of instances whose CPU stays below 80 %, from one to the fleet's size", () => {
  const cases = [[0, 1], [0.79, 1], [0.8, 1], [0.81, 2], [1.6, 2], [7.9, 10], [100, 10]] as const;
  for (const [demand, instances] of cases) assertEquals(instancesNeeded(demand, 10), instances, `${demand}`);
});

Deno.test("each of the nine steps needs the number of instances that the scenario expects", () => {
  const { demand, fleet, seconds } = nineSteps();
  const each = seconds / NINE_STEPS.length;
  assertEquals(
    NINE_STEPS.map((_, i) => instancesNeeded(demand((i + 0.5) * each), fleet)),
    NINE_STEPS.map(({ expected }) => expected),
  );
});

Deno.test("without any action, every second with more load than one instance can serve counts as under-provisioned", () => {
  const { under, over, starts, stops } = play(jump(2, 600), idle, { world: KIND });
  assertEquals({ under, over, starts, stops }, { under: 420, over: 0, starts: 0, stops: 0 });
});

Deno.test("the same load and policy lead to the same results", () => {
  assertEquals(play(jump(3), kas()), play(jump(3), kas()));
});

Deno.test("kas starts an instance at the alarm, and a second instance when datapoints show that the first does not suffice", () => {
  const [first = 0, second = 0] = startsOf(jump(2), kas());
  assertEquals(first, 240);
  assert(second > first + KIND.boot[0] + KIND.register + 60 && second <= first + 240, `${second}`);
});

Deno.test("the predecessor acts only on changes of an alarm, so that a lasting overload starts one instance", () => {
  assertEquals(startsOf(jump(9, 360), predecessor), [240]);
});

Deno.test("step scaling adds more instances at once for a larger breach, and counts instances that warm up as added", () => {
  assertEquals(startsOf(jump(9, 360), stepScaling()), [240]);
});

Deno.test("target tracking adds instances after three minutes and removes instances after fifteen minutes, in proportion to the CPU", () => {
  const starts = startsOf(jump(9, 480), targetTracking(50));
  assertEquals(starts, [360]);
  const burst: Load = { ...jump(0, 3_000), demand: (second) => (second < 600 ? 1 : 0) };
  const stops: number[] = [];
  play(burst, (fleet) => {
    const policy = targetTracking(50)(fleet);
    return (points) => {
      const before = fleet.count.stops;
      policy(points);
      if (fleet.count.stops > before) stops.push(fleet.now);
    };
  }, { world: KIND });
  assert((stops[0] ?? 0) >= 600 + 15 * 60, `${stops}`);
});

Deno.test("a recorded load is scaled so that its peak needs the whole fleet, and ends after a week", () => {
  const week = `2026-01-01 00:00:00,1\n2026-01-01 00:05:00,4\n2026-01-08 00:00:00,99\n`;
  const { demand, fleet, seconds } = recordedLoad("three rows", `timestamp,value\n${week}`);
  assertEquals(seconds, 7 * 86_400);
  assertEquals([instancesNeeded(demand(0), fleet), instancesNeeded(demand(599), fleet)], [fleet / 4, fleet]);
});

Deno.test("losses() lists the results in which a different policy is better, with both numbers", () => {
  const tally = { under: 10, over: 10, starts: 1, stops: 1 };
  const load = { name: "a load", fleet: 2, seconds: 60 };
  assertEquals(losses({ load, tallies: [["kas", tally], ["other", { ...tally, under: 4 }]] }), [
    "kas loses on a load: under-provisioned, s: 10, other 4.",
  ]);
  assertEquals(losses({ load, tallies: [["kas", tally], ["other", tally]] }), []);
});
