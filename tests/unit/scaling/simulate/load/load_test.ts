import { assertEquals } from "@std/assert";
import { loadOf, peakOf, seriesOf } from "../../../../../src/scaling/simulate/load/load.ts";

const ROWS = [{ at: 100, value: 4 }, { at: 160, value: 8 }, { at: 190, value: 2 }];

Deno.test("a value of a load applies until the next one, and the last one as long as the one before it", () => {
  const { seconds, demand, fleet } = loadOf(seriesOf(ROWS), 2, 5);
  assertEquals([seconds, fleet], [120, 5]);
  assertEquals([0, 59, 60, 89, 90, 119].map(demand), [2, 2, 4, 4, 1, 1]);
  assertEquals(demand(0), 2, "an earlier second after a later one");
});

Deno.test("seriesOf() cuts a load, and peakOf() is the peak of what is left", () => {
  const series = seriesOf(ROWS, 60);
  assertEquals([series.seconds, series.rows.length, peakOf(series)], [60, 1, 4]);
  assertEquals(peakOf(seriesOf(ROWS)), 8);
});
