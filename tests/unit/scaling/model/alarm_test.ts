import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type AlarmKind,
  alarmName,
  type AlarmState,
  parseAlarmName,
  recommendationOf,
} from "../../../../src/scaling/model/alarm.ts";

const KINDS = ["cpuhigh", "cpulow", "reqcount"] as const;

Deno.test("alarmName() and parseAlarmName() undo each other, whatever the dimension holds", () => {
  fc.assert(fc.property(
    fc.record({
      fleet: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/),
      kind: fc.constantFrom(...KINDS),
      dimension: fc.string({ minLength: 1 }),
    }),
    (parts) => assertEquals(parseAlarmName(alarmName(parts)), parts),
  ));
});

Deno.test("parseAlarmName() knows no name that is not <fleet>:<kind>:<dimension>", () => {
  for (
    const name of [
      "",
      "kas",
      "kas:cpuhigh",
      "kas:cpuhigh:",
      ":cpuhigh:i-1",
      "kas:CPUHIGH:i-1",
      "kas:memory:i-1",
      "kas cpuhigh i-1",
    ]
  ) {
    assertEquals(parseAlarmName(name), undefined, name);
  }
});

const TABLE: readonly [AlarmKind, AlarmState, "out" | "in" | "none"][] = [
  ["cpuhigh", "ALARM", "out"],
  ["cpuhigh", "OK", "none"],
  ["cpuhigh", "INSUFFICIENT_DATA", "none"],
  ["cpulow", "ALARM", "none"],
  ["cpulow", "OK", "in"],
  ["cpulow", "INSUFFICIENT_DATA", "none"],
  ["reqcount", "ALARM", "out"],
  ["reqcount", "OK", "in"],
  ["reqcount", "INSUFFICIENT_DATA", "none"],
];
for (const [kind, to, asks] of TABLE) {
  Deno.test(`signalOf() takes ${kind} in ${to} for ${asks}`, () => {
    const change = { fleet: "kas", kind, dimension: "x", from: "INSUFFICIENT_DATA", to, at: 1 } as const;
    const signal = recommendationOf(change, "notification");
    assertEquals(signal.kind, asks);
    assertEquals(signal.alarm, change);
    assertEquals("instance" in signal, kind === "cpulow" && asks === "in");
  });
}
