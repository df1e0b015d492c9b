import { CreateLaunchTemplateCommand } from "@aws-sdk/client-ec2";
import { assertEquals } from "@std/assert";
import { clients } from "../../../unit/sandbox/sdk.ts";
import { BASE, fleet, NODE } from "../../../unit/admin/fleet.ts";

Deno.test("a node that the autoscaler launches has the same alarms as after setup, and teardown --instances removes them", async () => {
  await using it = await fleet({ nodes: 0 });
  using sdk = clients(it.sandbox.url);
  await sdk.ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: "kas-node",
      LaunchTemplateData: { ImageId: "ami-00000000000000001" },
    }),
  );
  await it.rows("setup --cpu 30:60 --evaluations 2");
  const [out] = await it.rows("scale out --grow kas-node --max 2");
  assertEquals([out?.["action"], out?.["instance"], out?.["status"]], ["launch", NODE, "successful"]);
  const instances = await it.rows("instances");
  assertEquals(instances.map(({ id, role, health }) => [id, role, health]), [
    [BASE, "base", "InService"],
    [NODE, "node", "InService"],
  ]);
  const metrics = async (of: string) =>
    (await it.rows("alarms")).filter(({ dimension }) => dimension === of).map(({ metric, period, topic }) => [
      metric,
      period,
      topic,
    ]);
  assertEquals(await metrics(NODE), await metrics(BASE));
  assertEquals((await metrics(NODE)).length, 2);
  const again = await it.rows("setup --cpu 30:60 --evaluations 2");
  assertEquals(again.filter(({ action }) => action !== "unchanged"), []);

  await it.rows("teardown --instances --yes");
  await it.sandbox.account.waitUntil(() => it.sandbox.account.instances().length === 0);
  assertEquals((await it.kas("alarms --no-header")).out, "");
});
