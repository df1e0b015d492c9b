import { assertEquals } from "@std/assert";
import { describe, ruleText } from "../../../../../src/scaling/policies/adaptive/describe.ts";
import type { AdaptiveView, RuleRecord } from "../../../../../src/scaling/policies/adaptive/view.ts";
import { DAY, HOUR, START } from "./loads.ts";

const CHOSEN: RuleRecord = {
  ...{ forecast: "day", factor: 1, spare: 1, hold: 600_000, capacity: 6 },
  ...{ short: 0.009, spareShare: 0.41, startsPerDay: 12 },
};

const VIEW: AdaptiveView = {
  at: START,
  demand: 3.2,
  need: 4,
  lead: 160_000,
  measured: 9 * DAY,
  chosen: CHOSEN,
};

Deno.test("a rule is described by its forecast, factor, spare instances and hold", () => {
  assertEquals(ruleText(CHOSEN), "daily peak + 1, held 10 min");
  assertEquals(
    ruleText({ forecast: "now", factor: 1.5, spare: 0, hold: 120_000 }),
    "demand × 1.5, held 2 min",
  );
});

Deno.test("the description names demand, need, the rule, its record and the risk", () => {
  assertEquals(
    describe(VIEW, 80, 0.015),
    "Demand is 3.2 instances, so 4 are needed at 80 %. The rule 'daily peak + 1, held 10 min' recommends 6. " +
      "It was short 0.9 % of the time at 41 % spare capacity in the last 3 days; the risk is 1.5 %.",
  );
});

Deno.test("the description names the next rule, and the risk with which kas would follow a cheaper rule", () => {
  const runnerUp = { ...CHOSEN, hold: 3_600_000, short: 0.004, spareShare: 0.52 };
  const cheaper = { ...CHOSEN, spare: 0, short: 0.0187, spareShare: 0.2 };
  const text = describe({ ...VIEW, runnerUp, cheaper }, 80, 0.015);
  assertEquals(
    text.slice(text.indexOf("The next")),
    "The next rule is 'daily peak + 1, held 60 min': short 0.4 % of the time at 52 % spare capacity. " +
      "With a risk of 3.8 % kas would follow 'daily peak, held 10 min', at 20 % spare capacity.",
  );
});

Deno.test("the description of a cold learner says for how long it has measured", () => {
  const text = describe({ ...VIEW, need: 1, demand: 0.5, cold: true, measured: HOUR / 2 }, 80, 0.015);
  assertEquals(
    text,
    "Demand is 0.5 instances, so 1 is needed at 80 %. The rule 'daily peak + 1, held 10 min' recommends 6. " +
      "kas has measured the load for 30 min, and chooses among all rules after 20 min to 2 h.",
  );
});

Deno.test("the description says that kas is replaying the rules, in place of a record", () => {
  const text = describe({ ...VIEW, replaying: true }, 80, 0.015);
  assertEquals(
    text.slice(text.indexOf("recommends 6.")),
    "recommends 6. kas is replaying all rules on the past, and then chooses among them.",
  );
});

Deno.test("the description says when no rule kept the risk, and what the ceiling takes away", () => {
  const text = describe({ ...VIEW, withoutCeiling: 9, chosen: { ...CHOSEN, short: 0.03 } }, 80, 0.015);
  assertEquals(text.includes("The setting maxSpare lowers this from 9."), true);
  assertEquals(text.includes("the risk is 1.5 %, which no rule kept."), true);
});
