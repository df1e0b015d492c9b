import { assertEquals } from "@std/assert";
import type { LoadPoint, LoadView } from "../../../../../src/scaling/model/load/view.ts";
import { KIND } from "../../../../../src/scaling/simulate/world.ts";
import { LoadWindow } from "../../../../../src/scaling/simulate/load/window.ts";
import { SimulatedFleet } from "../../../../../src/scaling/simulate/fleet.ts";

/** Returns the load that a policy sees after some seconds, with a stabilization of 5 min. */
function viewAfter(seconds: number, scrapeDelay?: number): LoadView {
  const world = scrapeDelay === undefined ? KIND : { ...KIND, scrapeDelay };
  const fleet = new SimulatedFleet({ fleet: 2, seconds, demand: (second) => second / 1_000 }, world);
  const window = new LoadWindow(scrapeDelay !== undefined, 300_000);
  while (fleet.now < seconds) window.note(fleet.tick());
  return window.view();
}

function times(points: readonly LoadPoint[]): (readonly [from: number, to: number])[] {
  return points.map(({ at, span }) => [at / 1_000, (at + span) / 1_000]);
}

Deno.test("scraped load has 12 short periods, and long periods that follow one another up to now", () => {
  const { source, short, long } = viewAfter(650, 0);
  assertEquals(source, "scrape");
  assertEquals([short.length, times(short).at(-1)], [12, [640, 650]]);
  assertEquals(times(long), [[290, 350], [350, 410], [410, 470], [470, 530], [530, 590], [590, 650]]);
});

Deno.test("CloudWatch's load has the periods of a minute that cover the stabilization", () => {
  const { source, short, long } = viewAfter(650);
  assertEquals(source, "cloudwatch");
  assertEquals(times(long), [[240, 300], [300, 360], [360, 420], [420, 480], [480, 540], [540, 600]]);
  assertEquals(short, long);
});

Deno.test("scraped load is as late as its delay", () => {
  assertEquals(times(viewAfter(650, 5).short).at(-1), [630, 640]);
});

Deno.test("a period has the mean CPU of the instances that served it", () => {
  const [point] = viewAfter(650, 0).long.slice(-1);
  // The load rises from 0.59 to 0.65, and is up to 5 % uneven.
  assertEquals([point?.served, point?.serving, Math.round((point?.percent ?? 0) / 10)], [1, 1, 6]);
});
