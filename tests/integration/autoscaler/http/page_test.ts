import { assertStringIncludes } from "@std/assert";
import { BASE, machines, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";
import { text } from "../../../unit/autoscaler/http/page/page_text.ts";
import { eventually } from "../../../support/kas.ts";

Deno.test("a browser that asks a running autoscaler for /status sees the start that is under way", async () => {
  await using it = await stage({ nodes: 1, machine: machines((id) => id === BASE) });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const headers = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
  const page = await eventually(
    async () => await (await fetch(`${autoscaler.url}/status`, { headers })).text(),
    (page) => text(page).includes(`start ${NODES[0]} healthy`),
  );
  assertStringIncludes(text(page), `topic-arn ${it.options.topicArn}`);
});
