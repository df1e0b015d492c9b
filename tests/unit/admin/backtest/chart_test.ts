import { assert, assertEquals } from "@std/assert";
import { chartOf } from "../../../../src/admin/backtest/chart.ts";

const HALF = Uint16Array.from({ length: 100 }, (_, i) => (i < 50 ? 1 : 2));

function chart(name: string, inService: Uint16Array): string {
  return chartOf({
    title: "A load",
    seconds: 100,
    fleet: 4,
    demand: () => 1,
    needed: HALF,
    policies: [{ name, note: "a note", inService }],
  });
}

/** Returns how many columns are marked as short. */
function marked(svg: string): number {
  const path = /<path d="([^"]*)" stroke="#cf222e"/.exec(svg)?.[1] ?? "";
  return path.split("M").length - 1;
}

Deno.test("chartOf() marks the seconds in which the capacity is short", () => {
  assertEquals(marked(chart("exact", HALF)), 0);
  assertEquals(marked(chart("one", new Uint16Array(100).fill(1))), 50);
});

Deno.test("chartOf() escapes names, and draws a panel for each policy", () => {
  const svg = chart('<script>"&\u0007', HALF);
  assert(svg.includes("&lt;script&gt;&quot;&amp; "), svg);
  assert(svg.startsWith("<svg ") && svg.endsWith("</svg>\n"));
});

Deno.test("chartOf() stays small for a long load", () => {
  const long = new Uint16Array(604_800).fill(3);
  const svg = chartOf({
    title: "A week",
    seconds: long.length,
    fleet: 4,
    demand: () => 1,
    needed: long,
    policies: [{ name: "a", note: "", inService: long }],
  });
  assert(svg.length < 200_000, `${svg.length}`);
  assert(svg.includes(">day 7<"));
});
