/**
 * At Yelp a missed scrape became a NaN, which was read as 0, so that services could be scaled in under load. Kubernetes' HPA scaled
 * down on the metrics that it had while others were missing.
 *
 * kas assumes that an instance without a valid datapoint is as busy as the busiest one (R6).
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
    ["is not a number", { base: busy(60), n1: busy(60), n2: busy(NaN) }],
  ] as const
) {
  Deno.test(`kas stops no instance if a datapoint ${what} and the other instances have a high CPU load (R6)`, () => {
    const { kind, checks } = decide(IN, { ...OBSERVATION, cpu });
    assertEquals([kind, checks], ["none", ["projected-load"]]);
  });
}
