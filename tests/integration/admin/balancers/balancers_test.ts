import { assertEquals } from "@std/assert";
import { BASE, fleet, NOBODY, NODE } from "../../../unit/admin/fleet.ts";

Deno.test("balancers list prints the health of each instance, and one row for a load balancer without instances", async () => {
  await using f = await fleet();
  await f.rows("balancers create empty --zone eu-west-1a");
  const rows = await f.rows("balancers");
  assertEquals(rows.map(({ name, instance, health, reason }) => [name, instance, health, reason]).sort(), [
    ["empty", null, null, null],
    ["kas", BASE, "InService", null],
  ]);
  const { out } = await f.kas("balancers list");
  assertEquals(out.split("\n")[0], "name\tdns_name\tinstance\thealth\treason");
});

Deno.test("balancers create uses the availability zones of the fleet's instances", async () => {
  await using f = await fleet();
  const [created] = await f.rows("balancers create web");
  assertEquals(created?.["name"], "web");
  const { input } = f.sandbox.calls.findLast(({ action }) => action === "CreateLoadBalancer") ?? {};
  assertEquals(input?.["AvailabilityZones"], ["eu-west-1a", "eu-west-1b"]);
  assertEquals((await f.kas("balancers create web_1")).status, 2);
  assertEquals((await f.kas("balancers create x --fleet nobody")).status, 4);
});

Deno.test("balancers register and deregister do not change an instance that already has the requested state", async () => {
  await using f = await fleet();
  assertEquals(await f.rows(`balancers register kas ${BASE}`), [{
    name: "kas",
    instance: BASE,
    action: "unchanged",
  }]);
  assertEquals(await f.rows(`balancers deregister kas ${BASE}`), [{
    name: "kas",
    instance: BASE,
    action: "deregistered",
  }]);
  assertEquals(await f.rows(`balancers deregister kas ${NODE}`), [{
    name: "kas",
    instance: NODE,
    action: "unchanged",
  }]);
  assertEquals((await f.kas(`balancers register kas ${NOBODY}`)).status, 4);
  assertEquals((await f.kas(`balancers register none ${BASE}`)).status, 4);
});
