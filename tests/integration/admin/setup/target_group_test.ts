import { assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "../../../../src/aws/clients.ts";
import { makeTargetGroup } from "../../../e2e/contract/target_group.ts";
import { BASE, fleet } from "../../../unit/admin/fleet.ts";

Deno.test("setup right after the creation of the base instance waits until EC2 runs it, and registers it with the target group", async () => {
  await using f = await fleet({ empty: true, boot: 150_000 });
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  await f.rows("instances create --image ami-1 --role base");
  const { ref: { arns: [arn] } } = await makeTargetGroup({ aws }, "web");
  assertEquals(f.sandbox.account.instances().map(({ state }) => state), ["pending"]);
  const rows = await f.rows(`setup --target-group ${arn}`);
  assertEquals(
    rows.filter(({ resource }) => resource === "instance").map(({ name, action }) => `${name} ${action}`),
    [`${BASE} registered`],
  );
});

Deno.test("setup does not register a fleet with the target group that it has created for another fleet", async () => {
  await using f = await fleet({ empty: true });
  const rows = await f.rows("setup --fleet web --balancer network --listen tcp:80 --forward 80");
  const arn = rows.find(({ resource }) => resource === "target-group")?.["arn"];
  await f.rows("instances create --image ami-1 --role base");
  f.changes();
  const { status, err } = await f.kas("setup", { env: { KAS_TARGET_GROUP: `${arn}` } });
  assertEquals([status, f.changes()], [2, []]);
  assertStringIncludes(err, "fleet web");
});
