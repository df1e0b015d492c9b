import { assertEquals } from "@std/assert";
import { BASE, machines, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";
import { rows } from "../../../unit/autoscaler/http/page/page_content.ts";
import { eventually } from "../../../support/kas.ts";

Deno.test("GET /status returns to a browser a page with the start in progress and its decision", async () => {
  await using it = await stage({ nodes: 1, machine: machines((id) => id === BASE) });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const headers = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
  const page = await eventually(
    async () => await (await fetch(`${autoscaler.url}/status`, { headers })).text(),
    (page) => rows(page, "In progress").some(({ step }) => step === "healthy"),
  );
  assertEquals(rows(page, "In progress").map(({ action, instance }) => [action, instance]), [[
    "start",
    NODES[0],
  ]]);
  assertEquals(rows(page, "Latest decisions")[0]?.["action"], `start ${NODES[0]}`);
  const topic = rows(page, "Settings").find(({ setting }) => setting === "topic-arn");
  assertEquals(topic?.["value"], it.options.topicArn);
});
