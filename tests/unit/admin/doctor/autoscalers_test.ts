import { assertEquals, assertMatch } from "@std/assert";
import { askAutoscaler } from "../../../../src/admin/doctor/autoscalers.ts";

Deno.test("doctor learns from /ping that a fleet could not start, also where nginx does not pass /status", async () => {
  const headers = {
    "kas-fleet": "web,jobs",
    "kas-version": "1.0.0",
    "kas-started": "now",
    "kas-down": "jobs",
  };
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const isPing = new URL(url).pathname === "/ping";
    return isPing ? new Response("pong", { headers }) : new Response("no", { status: 404 });
  });
  const ask = (fleet: string) =>
    askAutoscaler(`http://127.0.0.1:${server.addr.port}/`, fleet, AbortSignal.timeout(10_000));
  assertMatch((await ask("jobs")).down ?? "", /^fleet jobs could not start/);
  assertEquals((await ask("web")).down, undefined);
});
