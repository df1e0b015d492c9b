import { assert, assertEquals } from "@std/assert";
import { NINE_STEPS } from "../../../../src/admin/sandbox/scenario/nine_steps.ts";
import { simulate } from "../../../../src/scaling/simulate/simulate.ts";
import { UNKIND, type World } from "../../../../src/scaling/simulate/world.ts";
import { DEFAULTS } from "./limits.ts";

const STEP = 600;

const WORLDS: Readonly<Record<string, World>> = {
  "scrapes every 10 s": { ...UNKIND, scrapeDelay: 0 },
  "CloudWatch at once": { ...UNKIND, metricDelay: 0, evaluationLag: 0 },
  "CloudWatch 90 s late": UNKIND,
};

for (const [name, world] of Object.entries(WORLDS)) {
  Deno.test(`a cold adaptive policy has the right capacity after each of the nine steps, with ${name}`, () => {
    const limits = {
      ...DEFAULTS,
      metricDelay: world.metricDelay * 1_000,
      policies: [{ type: "adaptive", metric: "cpu", utilization: 80, risk: 0.015 }] as const,
    };
    const load = {
      fleet: 4,
      seconds: NINE_STEPS.length * STEP,
      demand: (second: number) => (NINE_STEPS[Math.floor(second / STEP)]?.clients.length ?? 0) / 3,
    };
    for (let seed = 1; seed <= 10; seed++) {
      const { inService, starts, stops } = simulate({ load, limits, world: { ...world, seed } });
      const ends = NINE_STEPS.map(({ step }) => inService[step * STEP - 1]);
      assertEquals(ends, NINE_STEPS.map(({ expected }) => expected), `seed ${seed}`);
      assert(starts <= 2 && stops === starts, `${starts} starts, ${stops} stops`);
    }
  });
}
