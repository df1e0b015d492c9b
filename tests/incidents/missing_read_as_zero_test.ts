/**
 * At Yelp a scrape that was missed became a NaN, which was then read as 0, so that services could be scaled down under load;
 * Kubernetes' HPA scaled down by the metrics that it had where others could not be had.
 *
 * In kas an instance without a datapoint, or with one that is no number, is taken for as busy as the busiest (R6).
 *
 * Source: https://github.com/Yelp/paasta/pull/3034, https://github.com/kubernetes/kubernetes/issues/99394
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { decide } from "../../src/scaling/decide.ts";
import { IN, NOW, OBSERVATION } from "../unit/scaling/fixtures.ts";

const busy = (percent: number) => ({ percent, at: NOW });

for (
  const [what, cpu] of [
    ["is missing", { base: busy(60), n1: busy(60) }],
    ["is no number", { base: busy(60), n1: busy(60), n2: busy(NaN) }],
  ] as const
) {
  Deno.test(`nothing is stopped where a datapoint ${what} and the others are busy (R6)`, () => {
    const { kind, checks } = decide(IN, { ...OBSERVATION, cpu });
    assertEquals([kind, checks], ["none", ["projected-load"]]);
  });
}
