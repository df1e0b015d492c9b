import { assertEquals } from "@std/assert";
import { operatorHandler } from "../../../../src/autoscaler/http/operator/operator.ts";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";

const NOW = Date.UTC(2026, 10, 24, 12);

/** A handler with a journal in memory, and the number of times that an operator resumed the scaling. */
function handlerIn() {
  const store = Store.memory();
  const journal = new Journal(store);
  let [resumes, now] = [0, NOW];
  const handle = operatorHandler([{
    fleet: "kas",
    journal,
    synced: () => store.synced(),
    onRelease: () => resumes++,
    evaluate: () => Promise.reject(new Error("AWS is away")),
    observation: () => undefined,
    now: () => now,
  }]);
  return {
    journal,
    resumes: () => resumes,
    passes: (ms: number) => now += ms,
    post: async (path: string, body: unknown) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const response = await handle(new Request(`http://localhost${path}`, { method: "POST", body: text }));
      const answer = await response.text();
      return {
        status: response.status,
        paused: response.status === 200 ? JSON.parse(answer).paused : answer,
      };
    },
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

Deno.test("POST /pause pauses the directions, and POST /resume ends the pauses", async () => {
  using it = handlerIn();
  const until = NOW + 7_200_000;
  assertEquals(await it.post("/pause", { directions: ["in"], until, reason: "load test" }), {
    status: 200,
    paused: {
      in: { since: "2026-11-24T12:00:00.000Z", until: "2026-11-24T14:00:00.000Z", reason: "load test" },
    },
  });
  assertEquals(it.journal.operatorPauses.inForce(NOW), { in: { since: NOW, until, reason: "load test" } });
  await it.post("/pause", { directions: ["out", "in"] });
  assertEquals(it.journal.operatorPauses.inForce(NOW), { out: { since: NOW }, in: { since: NOW } });
  assertEquals(it.resumes(), 0);
  await it.post("/resume", { directions: ["out"] });
  assertEquals([it.journal.operatorPauses.inForce(NOW), it.resumes()], [{ in: { since: NOW } }, 1]);
});

Deno.test("a pause ends at its time", async () => {
  using it = handlerIn();
  await it.post("/pause", { directions: ["out"], until: NOW + 1_000 });
  it.passes(1_000);
  assertEquals((await it.post("/resume", { directions: ["in"] })).paused, {});
  assertEquals(it.journal.operatorPauses.inForce(NOW + 999), { out: { since: NOW, until: NOW + 1_000 } });
  assertEquals(it.journal.operatorPauses.inForce(NOW + 1_000), undefined);
});

for (
  const [what, path, body, status] of [
    ["a body that is not JSON", "/pause", "{", 400],
    ["no direction", "/pause", { directions: [] }, 400],
    ["an unknown direction", "/pause", { directions: ["up"] }, 400],
    ["an unknown field", "/pause", { directions: ["in"], for: 1 }, 400],
    ["an end that has passed", "/pause", { directions: ["in"], until: NOW }, 400],
    ["an end that is not a time", "/pause", { directions: ["in"], until: Number.MAX_SAFE_INTEGER }, 400],
    ["a reason that is too long", "/pause", { directions: ["in"], reason: "x".repeat(257) }, 400],
    ["a body that is too large", "/pause", "x".repeat(1_000_000), 413],
    ["an unknown path", "/stop", { directions: ["in"] }, 404],
  ] as const
) {
  Deno.test(`the socket's handler refuses ${what}`, async () => {
    using it = handlerIn();
    assertEquals((await it.post(path, body)).status, status);
    assertEquals(it.journal.operatorPauses.inForce(NOW), undefined);
  });
}

Deno.test("POST /scale says why kas cannot observe the fleet", async () => {
  using it = handlerIn();
  const { status, paused: answer } = await it.post("/scale", { direction: "in", dryRun: false });
  assertEquals([status, answer], [502, "cannot observe the fleet: AWS is away"]);
});

Deno.test("POST /activity answers 404 for an unknown activity", async () => {
  using it = handlerIn();
  assertEquals((await it.post("/activity", { id: 1 })).status, 404);
});
