import { assertEquals } from "@std/assert";
import { Journal } from "../../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../../src/autoscaler/store/store.ts";

const REFUSAL = {
  instance: "i-1",
  action: "stop",
  reason: "it has stop protection",
  protected: true,
} as const;

Deno.test("Refusals.of() returns the refusals of an action, with their beginning and their last check", () => {
  using store = Store.memory();
  const journal = new Journal(store);
  journal.refusals.note(REFUSAL, 1_000);
  journal.refusals.note({ ...REFUSAL, action: "terminate", protected: false }, 2_000);
  journal.refusals.note({ ...REFUSAL, reason: "still" }, 3_000);
  assertEquals(journal.refusals.of("stop"), [{ ...REFUSAL, reason: "still", since: 1_000, checked: 3_000 }]);
  journal.refusals.forget(REFUSAL);
  assertEquals(journal.refusals.of("stop"), []);
  assertEquals(journal.refusals.of("terminate").map(({ since }) => since), [2_000]);
});

Deno.test("Refusals.of() returns the refusals of an earlier run of the autoscaler", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      using store = Store.open(folder);
      new Journal(store).refusals.note(REFUSAL, 1_000);
    }
    using store = Store.open(folder);
    assertEquals(new Journal(store).refusals.of("stop").map(({ instance }) => instance), ["i-1"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
