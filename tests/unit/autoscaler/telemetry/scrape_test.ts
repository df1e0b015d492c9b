import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { Minutes } from "../../../../src/autoscaler/telemetry/minutes.ts";
import { parseScrapeTarget } from "../../../../src/health/scrape.ts";
import type { Decision } from "../../../../src/scaling/model/decision.ts";
import type { PolicySpec } from "../../../../src/scaling/model/load/policy.ts";
import type { Trigger } from "../../../../src/scaling/model/trigger.ts";
import { AT_ONCE, fleetOf } from "../../../support/lab/fleet_plan.ts";
import { Lab } from "../../../support/lab/lab.ts";
import { countInService } from "../../../support/lab/script.ts";

const TARGET: PolicySpec = { type: "target", metric: "cpu", target: 60, stabilization: 300_000 };
const ADAPTIVE: PolicySpec = { type: "adaptive", metric: "cpu", utilization: 80, risk: 0.015 };

/** A decision, and its time in the lab in ms. */
interface Decided {
  readonly at: number;
  readonly trigger: Trigger;
  readonly decision: Decision;
}

/** Opens a lab whose autoscaler scrapes a base instance and a serving node, with two standby nodes. */
async function open(policy: PolicySpec): Promise<{ lab: Lab; decided: Decided[] }> {
  const decided: Decided[] = [];
  const plan = fleetOf([true, false, false], {
    kind: true,
    scrape: { target: parseScrapeTarget("http:9100/metrics"), interval: 5_000 },
    limits: {
      policies: [policy],
      warmup: 60_000,
      cooldownOut: 0,
      cooldownIn: 60_000,
      resync: 60_000,
      metricDelay: 180_000,
      unhealthyAfter: 120_000,
    },
  });
  const lab: Lab = await Lab.open(plan, {
    onDecision: (trigger, decision) => decided.push({ at: lab.time.passed, trigger, decision }),
  });
  await lab.start();
  return { lab, decided };
}

/** The decisions with actions. */
function acts(decided: readonly Decided[]): Decided[] {
  return decided.filter(({ decision }) => decision.actions.length > 0);
}

for (const policy of [TARGET, ADAPTIVE]) {
  Deno.test(`with scrapes, the policy ${policy.type} starts an instance within 15 s of a rise of the load`, async () => {
    const { lab, decided } = await open(policy);
    await using _lab = lab;
    lab.cloud.machines.demand = 1;
    await lab.pass(180_000);
    assertEquals(acts(decided), []);
    lab.cloud.machines.demand = 1.9;
    const begun = lab.time.passed;
    await lab.pass(20_000);
    const [first] = acts(decided);
    assertEquals(first?.trigger.kind, "telemetry");
    assertEquals(first?.decision.actions[0]?.kind, "start");
    assertLess((first?.at ?? Infinity) - begun, 15_001);
  });
}

Deno.test("a steady load causes no evaluation but the reconciles, and each minute is in the journal", async () => {
  const { lab, decided } = await open(TARGET);
  await using _lab = lab;
  lab.cloud.machines.demand = 1.2;
  await lab.pass(1_800_000);
  assertEquals(acts(decided), []);
  assertLess(decided.filter(({ trigger }) => trigger.kind === "telemetry").length, 3);
  const minutes = new Minutes(lab.kas.store).read(0, Infinity);
  assertLess(Math.abs(minutes.length - 30), 3);
  for (const { demand, serving, source } of minutes.slice(1)) {
    assertEquals([Math.round(demand * 10), serving, source], [12, 2, "scrape"]);
  }
});

Deno.test("an instance that cannot be scraped counts as the busiest one", async () => {
  const { lab, decided } = await open(TARGET);
  await using _lab = lab;
  lab.cloud.machines.demand = 1.2;
  await lab.pass(120_000);
  lab.cloud.machines.unmeasured.add(lab.id(1));
  await lab.pass(300_000);
  assertEquals(acts(decided), []);
  const point = lab.kas.autoscaler.telemetry.scraped(lab.clock)?.short.at(-1);
  assertEquals([point?.missing, point?.served, Math.round(point?.percent ?? 0)], [1, 2, 62]);
});

Deno.test("if no scrape succeeds, kas reads CloudWatch and says why, and later goes back to the scrapes", async () => {
  const { lab } = await open(TARGET);
  await using _lab = lab;
  lab.cloud.machines.demand = 1.2;
  await lab.pass(300_000);
  for (const place of [0, 1]) lab.cloud.machines.unmeasured.add(lab.id(place));
  await lab.pass(180_000);
  const observation = lab.kas.journal.read({ last: true })?.observation;
  assert(observation !== undefined && "load" in observation);
  assertEquals(observation.load?.source, "cloudwatch");
  assertMatch(
    observation.load?.why ?? "",
    /^No scrape shows the load \(i-\w+: connection refused\), and kas reads CloudWatch\. It last/,
  );
  lab.cloud.machines.unmeasured.clear();
  await lab.pass(120_000);
  assertEquals(lab.kas.autoscaler.telemetry.scraped(lab.clock)?.source, "scrape");
});

Deno.test("kas scales in only after the load was low for the stabilization, and remembers the load over a restart", async () => {
  const { lab, decided } = await open(TARGET);
  await using _lab = lab;
  lab.cloud.machines.demand = 1.2;
  await lab.pass(400_000);
  lab.cloud.machines.demand = 0.3;
  const begun = lab.time.passed;
  await lab.pass(100_000);
  lab.kill(5_000);
  await lab.pass(500_000);
  const [first] = acts(decided);
  assertEquals(first?.decision.actions[0]?.kind, "stop");
  const after = (first?.at ?? Infinity) - begun;
  assert(after > 240_000 && after < 480_000, `it stopped after ${after} ms`);
});

for (const policy of [TARGET, ADAPTIVE]) {
  Deno.test(`with the policy ${policy.type}, kas restores the minimum while it may not read CloudWatch`, async () => {
    const limits = { ...AT_ONCE, resync: 60_000, min: 3, policies: [policy] };
    await using lab = await Lab.open(fleetOf([true, false, false], { kind: true, limits }));
    lab.cloud.faults.set("deny=monitoring:GetMetricData");
    await lab.start();
    await lab.pass(180_000);
    assertEquals(countInService(lab), 3);
  });
}
