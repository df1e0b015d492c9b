import { assertEquals } from "@std/assert";
import { decisionLines } from "../../../../src/autoscaler/http/decisions.ts";
import type { DecisionQuery, DecisionRecord } from "../../../../src/autoscaler/store/decisions.ts";
import { NOW, OBSERVATION } from "../../scaling/fixtures.ts";

/** A journal of so many records. */
function journal(length: number): (wanted: DecisionQuery) => DecisionRecord | undefined {
  return (wanted) => {
    const id = "id" in wanted
      ? wanted.id
      : "after" in wanted
      ? wanted.after + 1
      : "at" in wanted
      ? 2
      : length;
    if (id < 1 || id > length) return undefined;
    return {
      id,
      time: NOW,
      kas: "1.0.0",
      rules: 1,
      message: null,
      trigger: { kind: "reconcile" },
      observation: OBSERVATION,
      decision: { kind: "none", reason: "quiet", checks: [] },
      activity: null,
    };
  };
}

/** The ids that a query answers. */
function ids(query: string, length: number): number[] | undefined {
  return decisionLines(new URLSearchParams(query), journal(length))?.split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line).id);
}

Deno.test("decisionLines() tells one record, or a page of those after a number", () => {
  assertEquals([ids("", 3), ids("id=2", 3), ids("at=5", 3), ids("last=true", 3)], [[3], [2], [2], [3]]);
  assertEquals([ids("after=1", 3), ids("after=3", 3), ids("id=9", 3)], [[2, 3], [], []]);
});

Deno.test("decisionLines() bounds a page, and going on after its last id comes to the end", () => {
  const all: number[] = [];
  let pages = 0;
  for (let page = ids("after=0", 250); page !== undefined && page.length > 0; pages++) {
    assertEquals(page.length <= 100, true);
    all.push(...page);
    page = ids(`after=${all.at(-1)}`, 250);
  }
  assertEquals([all.length, pages], [250, 3]);
});

Deno.test("decisionLines() understands no other query", () => {
  for (const query of ["id=x", "id=-1", "id=1&after=2", "all=1", "after=1e9", "id="]) {
    assertEquals(ids(query, 3), undefined);
  }
});
