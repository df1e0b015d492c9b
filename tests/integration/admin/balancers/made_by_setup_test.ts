/**
 * Commands of an operator who does not name the target group that `kas admin setup` has created.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { missing } from "../../../../src/admin/balancers/lookup.ts";
import { connect } from "../../../../src/aws/clients.ts";
import { makeTargetGroup } from "../../../e2e/contract/target_group.ts";
import { eventually } from "../../../support/kas.ts";
import { BASE, fleet } from "../../../unit/admin/fleet.ts";
import { account, withBase } from "../setup/account.ts";

const WEB = "setup --balancer application --listen http:8080 --forward 30000 --health-check /ping";

Deno.test("after setup, kas admin finds the fleet's target group by its tags, also without --target-group", async () => {
  await using f = await withBase();
  await f.rows(WEB);
  const health = async () => (await f.rows("instances")).find(({ id }) => id === BASE)?.["health"];
  await eventually(health, (found) => found === "InService");

  const { out } = await f.kas("doctor --output json");
  const rows: Record<string, string>[] = JSON.parse(out);
  const results = new Map(rows.map(({ check, result, detail }) => [check, `${result}: ${detail}`]));
  assertMatch(results.get("balancer") ?? "", /^ok: target group kas at /);
  assertMatch(results.get("registered") ?? "", /^ok: 1 of 1 /);
  assertMatch(results.get("health") ?? "", /^ok: 1 in service/);

  await f.rows(`balancers deregister kas ${BASE}`);
  await f.rows(`balancers register kas ${BASE}`);
  await f.rows(`instances detach ${BASE}`);
  await f.rows(`instances terminate ${BASE} --force --yes`);
  const { groups: [group] } = await account(f);
  const listed = await f.rows(`balancers --target-group ${group?.TargetGroupArn}`);
  assertEquals(listed.map(({ instance }) => instance), [null]);
});

Deno.test("kas admin does not take a target group of the fleet's name that setup did not create", async () => {
  await using f = await withBase();
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  await makeTargetGroup({ aws }, "kas");
  const { out } = await f.kas("doctor --output json");
  const rows: Record<string, string>[] = JSON.parse(out);
  const { detail } = rows.find(({ check }) => check === "balancer") ?? {};
  assertMatch(detail ?? "", /^there is no load balancer kas/);
});

Deno.test("kas admin instances lists the instances and fails if the target group does not exist", async () => {
  await using f = await fleet();
  const gone = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/gone/0123456789abcdef";
  for (const words of ["instances", "balancers"]) {
    const { status, out, err } = await f.kas(words, { env: { KAS_TARGET_GROUP: gone } });
    assertEquals([status, out.includes(BASE)], [4, words === "instances"]);
    assertEquals(err, "kas: There is no target group gone\n");
  }
  assertEquals((await f.kas("instances --load-balancer gone")).status, 4);
  const ref = { kind: "target-groups", name: "gone", arns: [gone] } as const;
  assertMatch(`${missing(ref).hint}`, /^unset KAS_TARGET_GROUP/);
});
