import { assert, assertEquals } from "@std/assert";
import { toRecord } from "../../../../src/admin/journal/record_json.ts";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";

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

Deno.test("toRecord() reads the JSON that kas writes for a record", () => {
  const record = {
    id: 1,
    time: 2,
    kas: "1.2.3",
    rules: 2,
    message: null,
    trigger: { kind: "reconcile" },
    observation: { kind: "unobserved", now: 2, why: "AWS is unreachable" },
    decision: { kind: "none", reason: "No action.", checks: [] },
    activity: null,
  };
  assertEquals(toRecord(JSON.stringify(record)), record as never);
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
