import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { alarmName, parseAlarmName } from "../../../../src/scaling/model/alarm.ts";

const KINDS = ["cpuhigh", "cpulow", "reqcount"] as const;

Deno.test("parseAlarmName() is the inverse of alarmName() for any dimension", () => {
  fc.assert(fc.property(
    fc.record({
      fleet: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/),
      kind: fc.constantFrom(...KINDS),
      dimension: fc.string({ minLength: 1 }),
    }),
    (parts) => assertEquals(parseAlarmName(alarmName(parts)), parts),
  ));
});

Deno.test("parseAlarmName() rejects names that do not have the form <fleet>:<kind>:<dimension>", () => {
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
