import { assertEquals, assertMatch } from "@std/assert";
import { adviceOf, riskOf } from "../../../../src/admin/backtest/advice.ts";
import type { Result } from "../../../../src/admin/backtest/rows.ts";
import { parseSpec } from "../../../../src/admin/backtest/specs.ts";
import { Tally } from "../../../../src/scaling/simulate/measures.ts";

function result(name: string, underShare: number, billed: number, isOwn = true): Result {
  return {
    ...new Tally().measures({ starts: 0, stops: 0 }),
    underShare,
    under: 1_000 * underShare,
    billed,
    overShare: 0.4,
    inService: new Uint16Array(),
    candidate: { name, isOwn, policy: () => () => {}, configuration: { policies: [name] } },
  };
}

Deno.test("adviceOf() recommends the cheapest policy of kas that kept the risk", () => {
  const { sentence, configuration } = adviceOf([
    result("dear", 0, 300),
    result("cheap", 0.02, 100),
    result("good", 0.01, 200),
    result("peer", 0.001, 50, false),
  ], 0.015);
  assertEquals(
    sentence,
    "good was the cheapest policy that was short at most 1.5 % of the time: it was short 1 % of the time with 40 % spare capacity.",
  );
  assertEquals(configuration, '{"policies":["good"]}');
});

Deno.test("adviceOf() names the policy that was short the least if no policy kept the risk", () => {
  const { sentence, configuration } = adviceOf([result("a", 0.05, 100), result("b", 0.04, 200)], 0.01);
  assertMatch(sentence, /^No policy of kas was short at most 1 % of the time\. b was short the least/);
  assertEquals(configuration, '{"policies":["b"]}');
});

Deno.test("adviceOf() recommends nothing if only peers were compared", () => {
  assertEquals(adviceOf([result("peer", 0, 1, false)], 0.01).configuration, undefined);
});

Deno.test("the risk is that of the first adaptive policy, and 1.5 % without one", () => {
  assertEquals(riskOf(["target:60", "adaptive:3%", "adaptive:1%"].map(parseSpec)), 0.03);
  assertEquals(riskOf(["target:60"].map(parseSpec)), 0.015);
});
