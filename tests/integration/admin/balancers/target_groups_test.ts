import { assertEquals } from "@std/assert";
import { connect } from "../../../../src/aws/clients.ts";
import { makeTargetGroup } from "../../../e2e/contract/target_group.ts";
import { eventually } from "../../../support/kas.ts";
import { BASE, type Fleet, fleet } from "../../../unit/admin/fleet.ts";

/** Creates two target groups. Returns a function that runs a command for both. */
async function twoGroups(f: Fleet) {
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  const made = [await makeTargetGroup({ aws }, "web"), await makeTargetGroup({ aws }, "admin")];
  const options = made.map(({ ref: { arns: [arn] } }) => ` --target-group ${arn}`).join("");
  return (words: string) => f.rows(`${words}${options}`);
}

Deno.test("the commands for load balancers list each of several target groups, and change one by its name or all", async () => {
  await using f = await fleet();
  const both = await twoGroups(f);
  const listed = async () => (await both("balancers")).map(({ name, instance }) => [name, instance]);
  assertEquals(await listed(), [["web", null], ["admin", null]]);

  await both(`balancers register admin ${BASE}`);
  assertEquals(await listed(), [["web", null], ["admin", BASE]]);
  // The instance is in service only when it is healthy in both groups.
  const health = async () => (await both("instances")).find(({ id }) => id === BASE)?.["health"];
  assertEquals(await health(), "OutOfService");
  await both(`instances adopt ${BASE}`);
  assertEquals(await listed(), [["web", BASE], ["admin", BASE]]);
  await eventually(health, (found) => found === "InService");
});

Deno.test("kas admin alarms set --requests creates an alarm for each of several target groups", async () => {
  await using f = await fleet();
  const both = await twoGroups(f);
  await both("alarms set --requests 5");
  const names = (await both("alarms")).map(({ name }) => String(name)).filter((name) =>
    name.includes("reqcount")
  );
  assertEquals(names.toSorted(), ["kas:reqcount:admin", "kas:reqcount:web"]);
});
