import { assertEquals, assertRejects } from "@std/assert";
import { allDone, batched, outcomesOf } from "../../../../src/aws/many/batches.ts";
import { UnreachableError } from "../../../../src/aws/errors.ts";
import { sdkError } from "../sdk_error.ts";

const REFUSED = sdkError("IncorrectInstanceState", "no");

/** Calls that AWS refuses if they contain one of the bad items. */
function calls(bad: readonly string[] = [], error: unknown = REFUSED) {
  const sent: string[] = [];
  const call = (batch: readonly string[]) => {
    sent.push(batch.join(""));
    return batch.some((item) => bad.includes(item)) ? Promise.reject(error) : Promise.resolve(allDone(batch));
  };
  return { sent, call };
}

Deno.test("batched() sends one call for each batch, at the first request for one of its items", async () => {
  const { sent, call } = calls();
  const get = batched(["a", "b", "c", "d", "e"], call, 2);
  assertEquals(sent, []);
  assertEquals([await get("b"), await get("a")], [true, true]);
  assertEquals(sent, ["ab"]);
  assertEquals(await get("e"), true);
  assertEquals(sent, ["ab", "e"]);
});

Deno.test("batched() splits a refused batch until only the refused item fails", async () => {
  const { sent, call } = calls(["c"]);
  const get = batched([..."abcdefgh"], call);
  for (const item of "abdefgh") assertEquals(await get(item), true);
  assertEquals(await assertRejects(() => get("c")), REFUSED);
  assertEquals(sent, ["abcdefgh", "abcd", "ab", "cd", "c", "d", "efgh"]);
});

Deno.test("batched() does not split a batch because of an error that is not about items", async () => {
  for (const error of [sdkError("Throttling", "slow down"), new UnreachableError("no answer")]) {
    const { sent, call } = calls(["a"], error);
    const get = batched(["a", "b"], call);
    assertEquals(await assertRejects(() => get("a")), error);
    assertEquals(await assertRejects(() => get("b")), error);
    assertEquals(sent, ["ab"]);
  }
});

Deno.test("batched() fails an item that is not in AWS's answer, and no other item", async () => {
  const get = batched(["a", "b"], () => Promise.resolve(new Map([["a", 1]])));
  assertEquals(await get("a"), 1);
  await assertRejects(() => get("b"), Error, "b");
});

Deno.test("outcomesOf() sends no further calls after an error that is also the error of the items after it", async () => {
  const noCapacity = sdkError("InsufficientInstanceCapacity", "no");
  const { sent, call } = calls(["c", "d", "e", "f", "g", "h"], noCapacity);
  const outcomes = await outcomesOf([..."abcdefgh"], call, (error) => error === noCapacity);
  const started = outcomes.entries().filter(([, outcome]) => "value" in outcome).map(([item]) => item);
  assertEquals([...started], ["a", "b"]);
  assertEquals(outcomes.size, 8);
  assertEquals(sent, ["abcdefgh", "abcd", "ab", "cd", "c"]);
});

Deno.test("if an error names instances of the batch, these instances get the error, and the others are sent again", async () => {
  const sent: string[] = [];
  const call = (batch: readonly string[]) => {
    sent.push(batch.join(" "));
    const bad = batch.filter((id) => id === "i-2" || id === "i-22");
    const error = sdkError("IncorrectInstanceState", `The instances '${bad.join("', '")}' are stopping.`);
    return bad.length > 0 ? Promise.reject(error) : Promise.resolve(allDone(batch));
  };
  const get = batched(["i-1", "i-2", "i-3", "i-22"], call);
  assertEquals([await get("i-1"), await get("i-3")], [true, true]);
  for (const id of ["i-2", "i-22"]) await assertRejects(() => get(id), Error, "stopping");
  assertEquals(sent, ["i-1 i-2 i-3 i-22", "i-1 i-3"]);
});

Deno.test("an error that names all instances of the batch ends the batch, and an error that names other instances splits it in halves", async () => {
  const naming = (ids: string) => {
    const sent: string[] = [];
    const get = batched(["i-1", "i-2"], (batch) => {
      sent.push(batch.join(" "));
      return Promise.reject(sdkError("InvalidTarget", `The targets ${ids} do not run`));
    });
    return { sent, results: () => Promise.allSettled(["i-1", "i-2"].map(get)) };
  };
  const all = naming("i-1, i-2");
  await all.results();
  assertEquals(all.sent, ["i-1 i-2"]);
  const others = naming("i-12");
  await others.results();
  assertEquals(others.sent, ["i-1 i-2", "i-1", "i-2"]);
});
