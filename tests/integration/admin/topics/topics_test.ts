import { assertEquals, assertStringIncludes } from "@std/assert";
import { fleet } from "../../../unit/admin/fleet.ts";

Deno.test("kas admin topics lists and creates topics", async () => {
  await using f = await fleet();
  const arn = f.sandbox.env["KAS_TOPIC_ARN"];
  assertEquals(await f.rows("topics"), [{ arn, name: "kas", subscriptions: 0 }]);
  const [created] = await f.rows("topics create web");
  assertEquals([created?.["name"], created?.["subscriptions"]], ["web", 0]);
  assertEquals((await f.rows("topics list")).length, 2);
  assertEquals((await f.kas("topics create web.1")).status, 2);
});

Deno.test("topics subscribe creates a subscription, and kas cannot delete a pending subscription", async () => {
  await using f = await fleet();
  const url = "http://127.0.0.1:9/";
  const [created] = await f.rows(`topics subscribe ${url}`);
  assertEquals(created, {
    subscription: "PendingConfirmation",
    endpoint: url,
    protocol: "http",
    status: "pending",
  });
  assertEquals(await f.rows("topics subscriptions"), [created]);
  assertEquals((await f.kas("topics subscribe ftp://x")).status, 2);
  const pending = await f.kas("topics unsubscribe PendingConfirmation");
  assertEquals(pending.status, 4);
  assertStringIncludes(pending.err, "pending");
  assertEquals((await f.kas("topics subscriptions --fleet nobody")).status, 4);
});

Deno.test("setup and topics subscribe name the URL that SNS cannot reach", async () => {
  await using f = await fleet({ faults: ["check-endpoints=on"] });
  const url = "http://127.0.0.1:9/";
  const expected = `kas: Cannot subscribe ${url} to topic kas: SNS cannot reach a server at this URL\n`;
  for (const words of [`topics subscribe ${url}`, `setup --url ${url}`]) {
    const { status, err } = await f.kas(words);
    assertEquals([words, status, err], [words, 1, expected]);
  }
});
