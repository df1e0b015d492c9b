import { assertEquals } from "@std/assert";
import { Journal } from "../../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../../src/autoscaler/store/store.ts";

const REFUSAL = {
  instance: "i-1",
  action: "stop",
  reason: "it has stop protection",
  protected: true,
} as const;

Deno.test("Journal.refusals() returns the refusals of an action, with their beginning and their last check", () => {
  using store = Store.memory();
  const journal = new Journal(store);
  journal.noteRefusal(REFUSAL, 1_000);
  journal.noteRefusal({ ...REFUSAL, action: "terminate", protected: false }, 2_000);
  journal.noteRefusal({ ...REFUSAL, reason: "still" }, 3_000);
  assertEquals(journal.refusals("stop"), [{ ...REFUSAL, reason: "still", since: 1_000, checked: 3_000 }]);
  journal.forgetRefusal(REFUSAL);
  assertEquals(journal.refusals("stop"), []);
  assertEquals(journal.refusals("terminate").map(({ since }) => since), [2_000]);
});

Deno.test("Journal.refusals() returns the refusals of an earlier run of the autoscaler", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      using store = Store.open(folder);
      new Journal(store).noteRefusal(REFUSAL, 1_000);
    }
    using store = Store.open(folder);
    assertEquals(new Journal(store).refusals("stop").map(({ instance }) => instance), ["i-1"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
