import { assertEquals } from "@std/assert";
import { decisionLines } from "../../../../src/autoscaler/http/decisions.ts";
import type { DecisionQuery, DecisionRecord } from "../../../../src/autoscaler/store/decisions.ts";
import { NO_ACTION } from "../../../support/decisions.ts";
import { NOW, OBSERVATION } from "../../scaling/fixtures.ts";

/** A journal with a number of records. */
function journal(length: number): (query: DecisionQuery) => DecisionRecord | undefined {
  return (query) => {
    const id = "id" in query ? query.id : "after" in query ? query.after + 1 : "at" in query ? 2 : length;
    if (id < 1 || id > length) return undefined;
    return {
      id,
      time: NOW,
      kas: "1.0.0",
      rules: 1,
      message: null,
      trigger: { kind: "reconcile" },
      observation: OBSERVATION,
      decision: NO_ACTION,
      activities: [],
    };
  };
}

/** Returns the ids of the records that a query selects. */
function ids(query: string, length: number): number[] | undefined {
  return decisionLines(new URLSearchParams(query), journal(length))?.split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line).id);
}

Deno.test("decisionLines() returns a single record, or a page of the records after an id", () => {
  assertEquals([ids("", 3), ids("id=2", 3), ids("at=5", 3), ids("last=true", 3)], [[3], [2], [2], [3]]);
  assertEquals([ids("after=1", 3), ids("after=3", 3), ids("id=9", 3)], [[2, 3], [], []]);
});

Deno.test("decisionLines() limits the size of a page, and the next pages contain the remaining records", () => {
  const all: number[] = [];
  let pages = 0;
  for (let page = ids("after=0", 250); page !== undefined && page.length > 0; pages++) {
    assertEquals(page.length <= 100, true);
    all.push(...page);
    page = ids(`after=${all.at(-1)}`, 250);
  }
  assertEquals([all.length, pages], [250, 3]);
});

Deno.test("decisionLines() rejects all other queries", () => {
  for (const query of ["id=x", "id=-1", "id=1&after=2", "all=1", "after=1e9", "id="]) {
    assertEquals(ids(query, 3), undefined);
  }
});
