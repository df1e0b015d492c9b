/**
 * At Yelp, a missing metric became NaN, and the autoscaler read NaN as 0. So it could scale services in under load.
 * Kubernetes' HPA scaled down although some metrics were missing.
 *
 * kas assumes that an instance without a valid datapoint is as busy as the busiest instance (R6).
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
    const { actions, checks } = decide(IN, { ...OBSERVATION, cpu });
    assertEquals([actions, checks], [[], ["projected-load"]]);
  });
}
