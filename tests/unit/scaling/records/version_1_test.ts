import { assertEquals } from "@std/assert";
import type { CheckName } from "../../../../src/scaling/model/decision.ts";
import { replay } from "../../../../src/scaling/replay.ts";
import { fromVersion1, type Version1Record } from "../../../../src/scaling/records/version_1.ts";
import { IN, NOW, OBSERVATION, OUT } from "../fixtures.ts";

const { inProgress: underWay, ...rest } = OBSERVATION;
const FACTS = { ...rest, underWay };

/** Returns a record of version 1 of the rules with the decision no action. */
function none(signal: Version1Record["signal"], rule: string, reason: string): Version1Record {
  return { signal, facts: FACTS, decision: { kind: "none", reason, rules: rule === "" ? [] : [rule] } };
}

const RULES: readonly ["out" | "in", rule: string, reason: string, CheckName][] = [
  ["out", "R2", "…; the last step was 1 s ago, and a repeat waits for one resync of 60 s", "cooldown"],
  ["out", "R3", "…; 3 in service and 0 on the way, max 3", "max-capacity"],
  ["in", "R3", "…; 2 would stay in service, min 3", "min-capacity"],
  ["in", "R4", "…; out beats in: cpuhigh of n2 in ALARM", "out-beats-in"],
  ["in", "R5", "…; the last step was 5 s ago, and cooldown-in is 60 s", "cooldown"],
  ["out", "R5", "…; the last step was 5 s ago, and cooldown-out is 60 s", "cooldown"],
  ["in", "R5", "…; n1 is booting, not idle: it is younger in service than the warm-up of 120 s", "warm-up"],
  ["in", "R5", "…; n1 is not in service, so its low CPU says nothing of the fleet", "warm-up"],
  ["in", "R5", "…; n1, n2: younger in service than the warm-up of 120 s", "warm-up"],
  ["in", "R6", "…; 160 % of CPU over 2 remaining makes 80 % each, cpuhigh is 80 %", "projected-load"],
  ["out", "R7", "…; none of the 4 nodes is left to start (2 in quarantine)", "no-standby"],
  ["in", "R8", "…; no node in service may be stopped", "no-candidate"],
  ["out", "R11", "…; n1 is not in the fleet", "not-newest"],
];

for (const [kind, rule, reason, check] of RULES) {
  Deno.test(`fromVersion1() converts rule ${rule} of scaling ${kind} to the check ${check}: ${reason}`, () => {
    const signal = { kind, source: "notification", alarm: (kind === "out" ? OUT : IN).alarm } as const;
    assertEquals(fromVersion1(none(signal, rule, reason)).decision.checks, [check]);
  });
}

Deno.test("fromVersion1() names no check for an action, and keeps the action's instance, candidates and method", () => {
  const decision = {
    kind: "start",
    instance: "n4",
    candidates: ["n3"],
    by: "start",
    reason: "busy",
    rules: ["R7"],
  } as const;
  const signal = { kind: "out", source: "notification", alarm: OUT.alarm } as const;
  const record = fromVersion1({ signal, facts: FACTS, decision });
  const { rules: _, reason, ...action } = decision;
  assertEquals([record.trigger, record.observation, record.decision], [
    OUT,
    OBSERVATION,
    { actions: [action], reason, checks: [], recommendations: [] },
  ]);
  const replayed = replay(record);
  assertEquals([replayed.same, replayed.rulesChanged], [true, true]);
});

Deno.test("fromVersion1() converts the trigger resync to reconcile, and a person to operator", () => {
  const triggers = [
    { kind: "in", source: "resync", alarm: IN.alarm, instance: "n1" },
    { kind: "in", source: "manual", instance: "n2" },
    { kind: "out", source: "manual" },
  ] as const;
  assertEquals(triggers.map((signal) => fromVersion1(none(signal, "R4", "…")).trigger), [
    { kind: "reconcile" },
    { kind: "operator", direction: "in", instance: "n2" },
    { kind: "operator", direction: "out" },
  ]);
});

Deno.test("fromVersion1() keeps the observation of a resync whose alarms recommended no change", () => {
  const quiet = fromVersion1(
    none({ kind: "none", source: "resync", why: "none of 3 alarms asks for a step" }, "", "…"),
  );
  assertEquals([quiet.trigger, quiet.observation, replay(quiet).same], [
    { kind: "reconcile" },
    OBSERVATION,
    true,
  ]);
});

Deno.test("fromVersion1() converts empty facts to an absent observation, and keeps the reason", () => {
  const why = "the message is no JSON, so no alarm's";
  const overtaken = `its change of ${iso(0)} is not newer than that of ${iso(9)}, which a resync told of`;
  const cases = [
    [{ kind: "none", source: "notification", why }, { why }],
    [{ kind: "none", source: "resync", why: "the fleet can't be seen: EC2" }, {
      why: "the fleet can't be seen: EC2",
    }],
    [
      { kind: "none", source: "notification", alarm: { ...OUT.alarm, to: "OK" }, why: "… asks for nothing" },
      {},
    ],
    [{ kind: "none", source: "notification", alarm: OUT.alarm, why: overtaken }, {
      processed: { at: NOW + 9, by: "reconcile" },
    }],
  ] as const;
  for (const [signal, expected] of cases) {
    const record = fromVersion1(none(signal, "", `Nothing is asked: ${signal.why}`));
    assertEquals(record.observation, { kind: "unobserved", now: NOW, ...expected });
    assertEquals(replay(record).same, true, signal.why);
  }
});

function iso(after: number): string {
  return new Date(NOW + after).toISOString();
}
