import { assert, assertEquals, assertMatch } from "@std/assert";
import { bounds } from "../../../../src/admin/doctor/checks/fleet.ts";
import { parseSchedules } from "../../../../src/settings/schedules/schema.ts";
import { findings, instance } from "./observed.ts";

const DAY = { name: "day", cron: "0 9 * * *", timezone: "UTC", duration: "8h" };
const NIGHT = { ...DAY, name: "night", cron: "0 20 * * *" };
const LUNCH = { ...DAY, name: "lunch", cron: "0 12 * * *", duration: "1h" };

/** The findings for a fleet of one base instance and three nodes. */
function found(schedules: readonly object[], plan: object = {}): string[] {
  const instances = [instance("i-1", { role: "base" }), ...["i-2", "i-3", "i-4"].map((id) => instance(id))];
  return findings(bounds, {
    plan: { schedules: parseSchedules(JSON.stringify(schedules)), ...plan },
    instances,
  });
}

for (
  const [name, schedules, plan, expected] of [
    ["bounds that the fleet can have", [{ ...DAY, min: 4 }, { ...NIGHT, max: 1 }], {}, []],
    ["a minimum above the number of instances", [{ ...DAY, min: 5 }], {}, [
      /^failed: .*day .*5.* 4 instances/,
    ]],
    ["a minimum for which kas can launch nodes", [{ ...DAY, min: 5 }], { grow: "ours", max: 6 }, []],
    ["a minimum above the maximum of the fleet", [{ ...DAY, min: 5 }], { grow: "ours", max: 4 }, [
      /^warning: .*day .*5.* 4 /,
    ]],
    ["a minimum and a maximum above those of the fleet", [{ ...DAY, min: 3, max: 4 }], { max: 2 }, []],
    ["a maximum below the minimum of the fleet", [{ ...NIGHT, max: 1 }], { min: 2 }, [
      /^warning: .*night .*1.* 2 /,
    ]],
    ["a maximum below the number of base instances", [{ ...NIGHT, max: 0 }], {}, [
      /^warning: .*night .*0.* 1 base/,
    ]],
    ["an overlap whose bounds contradict each other", [{ ...DAY, min: 3 }, { ...LUNCH, max: 2 }], {}, [
      /^warning: .*day and lunch .*T12:.*3.* 2/,
    ]],
    ["an overlap whose bounds agree", [{ ...DAY, min: 3 }, { ...LUNCH, min: 4 }], {}, []],
    ["a wrong schedule that also overlaps", [{ ...DAY, min: 5 }, { ...LUNCH, max: 2 }], {}, [
      /^failed: .*day /,
    ]],
  ] as const
) {
  Deno.test(`doctor ${expected.length === 0 ? "accepts" : "reports"} schedules with ${name}`, () => {
    const problems = found(schedules, plan).filter((line) =>
      !line.startsWith("try: ") && !line.startsWith("ok: ")
    );
    assertEquals(problems.length, expected.length, problems.join("\n"));
    problems.forEach((problem, i) => assertMatch(problem, expected[i] ?? /^$/));
  });
}

Deno.test("doctor says how to repair each problem of a schedule", () => {
  const lines = found([{ ...DAY, min: 5 }, { ...NIGHT, max: 0 }, { ...LUNCH, max: 1 }], { min: 2 });
  assertEquals(lines.map((line) => line.split(":")[0]), [
    "failed",
    "try",
    "warning",
    "try",
    "warning",
    "try",
  ]);
  assert(lines.every((line) => !line.includes("undefined")));
});
