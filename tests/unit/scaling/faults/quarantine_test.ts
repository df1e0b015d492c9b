import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  judgeQuarantine,
  mostQuarantines,
  withQuarantineEnd,
} from "../../../../src/scaling/faults/quarantine.ts";
import { FAULTS, isOwn, type StartEvent } from "../../../../src/scaling/model/start_event.ts";
import { BASE, MINUTE, NOW, stopped } from "../fixtures.ts";

/** Returns a base instance and a number of nodes, with the ids n0, n1 and so on. */
function fleet(nodes: number) {
  return [BASE, ...Array.from({ length: nodes }, (_, i) => stopped(`n${i}`))];
}

/** Returns an event that was some minutes before NOW. */
function event(what: StartEvent["what"], instance: string, minutes: number): StartEvent {
  return { what, instance, at: NOW - minutes * MINUTE, reason: "why" } as StartEvent;
}

/** Returns a failure after which kas quarantined the instance. */
function quarantined(instance: string, minutes: number): StartEvent {
  return { ...event("unhealthy", instance, minutes), quarantined: true } as StartEvent;
}

const THREE = [30, 20, 10].map((minutes) => event("unhealthy", "n0", minutes));

const CASES: readonly [string, string, readonly StartEvent[], number][] = [
  ["an instance after three failures in a row that it caused itself", "yes", THREE, 3],
  [
    "an instance that stops during three starts",
    "yes",
    [30, 20, 10].map((at) => event("ended", "n0", at)),
    3,
  ],
  ["no instance after two failures", "no", THREE.slice(1), 3],
  ["no instance whose first failure is more than an hour ago", "no", [
    event("unhealthy", "n0", 61),
    ...THREE.slice(1),
  ], 3],
  ["no instance that was in service between the failures", "no", [
    ...THREE.slice(0, 2),
    event("in-service", "n0", 15),
    event("unhealthy", "n0", 10),
  ], 3],
  ["an instance although a start failed for another reason in between", "yes", [
    ...THREE.slice(0, 2),
    event("aws-away", "n0", 15),
    event("unhealthy", "n0", 10),
  ], 3],
  [
    "no instance for the failures of other instances",
    "no",
    [30, 20, 10].map((at) => event("unhealthy", "n1", at)),
    3,
  ],
  ["no instance for the failures before its last quarantine", "no", [
    ...THREE.slice(0, 1),
    quarantined("n0", 15),
    event("unhealthy", "n0", 10),
  ], 3],
  [
    "no second instance of a fleet of three nodes within an hour",
    "capped",
    [quarantined("n1", 59), ...THREE],
    3,
  ],
  ["a second instance of a fleet of six nodes within an hour", "yes", [quarantined("n1", 59), ...THREE], 6],
  ["a second instance an hour after the first", "yes", [quarantined("n1", 61), ...THREE], 3],
];

for (const [name, verdict, starts, nodes] of CASES) {
  Deno.test(`R18: judgeQuarantine() quarantines ${name}`, () => {
    assertEquals(judgeQuarantine("n0", { now: NOW, instances: fleet(nodes), history: { starts } }), verdict);
  });
}

const HELD = stopped("n0", { quarantine: "it broke" });

for (
  const [name, quarantineUntil, firstSeen, until] of [
    ["until the time in its tag", NOW + MINUTE, NOW - 9 * MINUTE, NOW + MINUTE],
    ["no longer than the time in its tag", NOW, NOW, undefined],
    [
      "for its duration since kas first saw it, if its tag has no time",
      undefined,
      NOW - MINUTE,
      NOW + MINUTE,
    ],
    ["no longer than this duration, if its tag has no time", undefined, NOW - 2 * MINUTE, undefined],
  ] as const
) {
  Deno.test(`R18: withQuarantineEnd() keeps a quarantine ${name}`, () => {
    const instance = quarantineUntil === undefined ? HELD : { ...HELD, quarantineUntil };
    const found = withQuarantineEnd(instance, { now: NOW, firstSeen, lasts: 2 * MINUTE });
    assertEquals([found.quarantine, found.quarantineUntil], [until && "it broke", until]);
  });
}

Deno.test("R18: mostQuarantines() is a third of the nodes, rounded down, and at least one", () => {
  assertEquals([0, 1, 2, 3, 5, 6, 10].map((nodes) => mostQuarantines({ instances: fleet(nodes) })), [
    ...[1, 1, 1, 1, 1, 2, 3],
  ]);
});

Deno.test("R18: failures that the instance does not cause itself never lead to a quarantine", () => {
  const circumstance = fc.constantFrom(...FAULTS.filter((fault) => !isOwn(fault)));
  fc.assert(
    fc.property(fc.array(fc.tuple(circumstance, fc.nat(59)), { maxLength: 40 }), (failures) => {
      const starts = failures.map(([fault, minutes]) => event(fault, "n0", minutes));
      assertEquals(judgeQuarantine("n0", { now: NOW, instances: fleet(9), history: { starts } }), "no");
    }),
  );
});

Deno.test("R18: at most a third of the nodes, and at least one, is quarantined within an hour, whatever fails", () => {
  const id = fc.nat(8).map((i) => `n${i}`);
  let most = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(id, fc.nat(120)), { minLength: 20, maxLength: 80 }), (failures) => {
      const starts: StartEvent[] = [];
      for (const [instance, minutes] of failures.toSorted(([, a], [, b]) => b - a)) {
        const failure = event("unhealthy", instance, minutes);
        const view = { now: failure.at, instances: fleet(9), history: { starts: [...starts, failure] } };
        starts.push(judgeQuarantine(instance, view) === "yes" ? quarantined(instance, minutes) : failure);
        const recent = starts.filter((it) => "quarantined" in it && failure.at - it.at < 60 * MINUTE).length;
        most = Math.max(most, recent);
        assert(recent <= 3, `${recent} within an hour`);
      }
    }),
  );
  assertEquals(most, 3);
});
