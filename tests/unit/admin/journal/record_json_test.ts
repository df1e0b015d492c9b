import { assert, assertEquals } from "@std/assert";
import { toRecord } from "../../../../src/admin/journal/record_json.ts";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { RULES_VERSION } from "../../../../src/scaling/model/decision.ts";
import { NO_ACTION } from "../../../support/decisions.ts";

const TESTDATA = new URL("../../autoscaler/store/testdata/", import.meta.url);

Deno.test("toRecord() reads from the JSON lines of kas 0.1.0 the same records as Journal.read() from its journal", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.copyFile(new URL("journal_v3.db", TESTDATA), `${folder}/kas.db`);
    using store = Store.read(folder);
    const journal = new Journal(store);
    const lines = (await Deno.readTextFile(new URL("records_v3.jsonl", TESTDATA))).trimEnd().split("\n");
    assert(lines.length > 10);
    for (const line of lines) {
      const record = toRecord(line);
      assertEquals(record, journal.read({ id: record?.id ?? 0 }));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** What every record of the tests has. */
const RECORD = {
  id: 1,
  time: 2,
  kas: "1.2.3",
  message: null,
  trigger: { kind: "reconcile" },
  observation: { kind: "unobserved", now: 2, why: "AWS is unreachable" },
};

Deno.test("toRecord() reads the JSON that kas writes for a record", () => {
  const record = { ...RECORD, rules: RULES_VERSION, decision: NO_ACTION, activities: [] };
  assertEquals(toRecord(JSON.stringify(record)), record as never);
});

Deno.test("toRecord() converts the one action and the one activity of a record of versions 2 to 6 of the rules", () => {
  const grounds = { reason: "busy", checks: [] };
  const action = { kind: "start", instance: "n4", candidates: ["n3"], by: "start" };
  const activity = { id: 3, kind: "start", instance: "n4", steps: [] };
  const recommendation = { policy: "minimum", direction: "out", reason: "busy" };
  for (const rules of [2, 6]) {
    const before = { ...RECORD, rules, decision: { ...action, ...grounds, recommendation }, activity };
    assertEquals(
      toRecord(JSON.stringify(before)),
      {
        ...RECORD,
        rules,
        decision: { ...grounds, actions: [action], recommendations: [recommendation] },
        activities: [activity],
      } as never,
    );
    const quiet = { ...RECORD, rules, decision: { kind: "none", ...grounds }, activity: null };
    const { decision, activities } = toRecord(JSON.stringify(quiet)) ?? {};
    assertEquals([decision?.actions, decision?.recommendations, activities], [[], [], []]);
  }
});

for (
  const [what, line] of [
    ["text that is not JSON", "kas"],
    ["JSON that is not an object", "[1]"],
    ["a record without an observation", '{"id":1,"time":1,"rules":2,"trigger":{},"decision":{}}'],
    ["an old record without facts", '{"id":1,"time":1,"rules":1,"signal":{},"decision":{}}'],
    [
      "an observation without instances",
      '{"id":1,"time":1,"rules":2,"trigger":{},"decision":{},"observation":{"limits":{}}}',
    ],
  ] as const
) {
  Deno.test(`toRecord() rejects ${what}`, () => assertEquals(toRecord(line), undefined));
}
