import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  evaluate,
  evaluationRange,
  type Rule,
} from "../../../../../src/sandbox/cloudwatch/alarm_evaluation.ts";
import type { Load } from "../../../../../src/scaling/simulate/load/load.ts";
import { instancesNeeded } from "../../../../../src/scaling/simulate/load/load.ts";
import { PeerAlarm } from "../../../../../src/scaling/simulate/peers/alarm.ts";
import { targetTracking } from "../../../../../src/scaling/simulate/peers/auto_scaling.ts";
import { oracle } from "../../../../../src/scaling/simulate/peers/oracle.ts";
import { steered } from "../../../../../src/scaling/simulate/peers/steered.ts";
import { play, type Policy } from "../../../../../src/scaling/simulate/play.ts";
import { KIND, UNKIND } from "../../../../../src/scaling/simulate/world.ts";

/** A load of random steps of 5 min on a fleet of 8. */
const load: fc.Arbitrary<Load> = fc.array(fc.double({ min: 0, max: 7, noNaN: true }), {
  minLength: 2,
  maxLength: 8,
})
  .map((steps) => ({
    fleet: 8,
    seconds: 300 * steps.length,
    demand: (second) => steps[Math.min(Math.floor(second / 300), steps.length - 1)] ?? 0,
  }));

Deno.test("a peer's alarm changes its state like an alarm of the sandbox's CloudWatch", () => {
  const values = fc.array(fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }), { maxLength: 30 });
  fc.assert(fc.property(values, fc.constantFrom(1, 3, 15), (values, periods) => {
    const alarm = new PeerAlarm((value) => value > 50, periods);
    const rule: Rule = {
      comparison: "GreaterThanThreshold",
      threshold: 50,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData: "missing",
    };
    const range: ({ at: number; value: number; sampleCount: number } | undefined)[] = [];
    values.forEach((value, at) => {
      alarm.observe(value);
      range.unshift(value === undefined ? undefined : { at, value, sampleCount: 1 });
      range.length = Math.min(range.length, evaluationRange(rule));
      assertEquals(alarm.state, evaluate(rule, range)?.state);
    });
  }));
});

Deno.test("the oracle is never short of instances, whatever the load is", () => {
  fc.assert(fc.property(load, fc.nat(), (load, seed) => {
    const inService = instancesNeeded(load.demand(0), load.fleet);
    // It cannot prepare for a load that rises before its instances have booted.
    const late = { ...load, demand: (second: number) => load.demand(Math.max(0, second - 180)) };
    assertEquals(play(late, oracle(), { world: { ...UNKIND, seed }, inService }).under, 0);
  }));
});

Deno.test("a policy that always wants one instance more is never short for longer", () => {
  const constant = (capacity: number): Policy => steered(() => () => capacity);
  fc.assert(fc.property(load, fc.integer({ min: 1, max: 7 }), (load, capacity) => {
    const under = (capacity: number) =>
      play(load, constant(capacity), { world: KIND, inService: capacity }).under;
    const [less, more] = [under(capacity), under(capacity + 1)];
    assert(more <= less, `${more} s instead of ${less} s`);
  }));
});

Deno.test("a steered policy reaches its capacity in both directions, and keeps the base instance", () => {
  const wanted = [5, 0];
  const policy = steered(() => ({ at }) => wanted[at < 600_000 ? 0 : 1]);
  const { inService, starts, stops } = play({ fleet: 6, seconds: 1_200, demand: () => 0.5 }, policy, {
    world: KIND,
  });
  assertEquals([inService[599], inService[1_199], starts, stops], [5, 1, 4, 4]);
});

Deno.test("a steered policy gets scraped points every 10 s, and takes a draining instance back", () => {
  const points: number[] = [];
  const policy = steered(() => ({ at, span }) => {
    points.push(span);
    return at < 100_000 ? 2 : at < 110_000 ? 1 : 2;
  });
  const { starts, inService } = play({ fleet: 2, seconds: 300, demand: () => 0.5 }, policy, {
    world: { ...KIND, scrapeDelay: 0 },
    inService: 2,
  });
  assertEquals([points.length, new Set(points).size, points[0]], [30, 1, 10_000]);
  assertEquals([starts, inService.indexOf(1), inService.indexOf(2, 110)], [1, 110, 120]);
});

Deno.test("target tracking keeps instances while the CPU is above the scale-in share of the target", () => {
  // With a target of 50 %, 42 % of CPU on 8 instances is below 90 % of it, and above 70 %.
  const load: Load = { fleet: 8, seconds: 3_600, demand: () => 8 * 0.42 };
  const stops = (scaleIn?: number) =>
    play(load, targetTracking(50, scaleIn), { world: KIND, inService: 8 }).stops;
  assertEquals([stops(), stops(70), stops(90)], [0, 0, 1]);
});
