import { assertEquals } from "@std/assert";
import { connect } from "../../../../src/aws/clients.ts";
import { makeTargetGroup } from "../../../e2e/contract/target_group.ts";
import { eventually } from "../../../support/kas.ts";
import { BASE, fleet } from "../../../unit/admin/fleet.ts";

Deno.test("a request alarm of a target group changes to ALARM while there are requests, and to OK without requests", async () => {
  await using f = await fleet();
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  const { ref: { arns: [arn] }, dnsName } = await makeTargetGroup({ aws }, "web");
  const group = (words: string) => f.rows(`${words} --target-group ${arn}`);
  await group(`balancers register web ${BASE}`);
  await eventually(() => group("balancers"), ([row]) => row?.["health"] === "healthy");

  await group("alarms set --requests 5");
  const state = async () => (await group("alarms"))[0]?.["state"];
  await eventually(state, (found) => found === "OK");
  await eventually(async () => {
    for (let i = 0; i < 5; i++) await (await fetch(`http://${dnsName}:30000/work`)).body?.cancel();
    return await state();
  }, (found) => found === "ALARM");
  assertEquals(await eventually(state, (found) => found === "OK"), "OK");
});
