import { assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "../../../../src/aws/clients.ts";
import { register } from "../../../../src/aws/balancing/balancer.ts";
import { makeTargetGroup } from "../../../e2e/contract/target_group.ts";
import { BASE, fleet } from "../../../unit/admin/fleet.ts";

Deno.test("commands that read a fleet which does not exist fail with status 4, and name the fleets that exist", async () => {
  await using f = await fleet();
  const env = { KAS_LOAD_BALANCER: "kas", KAS_TOPIC_ARN: "arn:aws:sns:eu-west-1:000000000000:kas" };
  const none =
    "kas: There is no fleet kass in eu-west-1; did you mean kas? No instance, load balancer, topic or alarm has its name. " +
    "Fleets with instances: kas\n";
  for (const words of ["instances", "alarms", "ping", "cost"]) {
    const ended = await f.kas(`${words} --fleet kass`, { env });
    assertEquals([words, ended.status, ended.out, ended.err], [words, 4, "", none]);
  }
  const { err } = await f.kas("instances --fleet website");
  assertStringIncludes(err, "no fleet website in eu-west-1. No instance");
});

Deno.test("a fleet that has a topic, a load balancer or an alarm exists, although it has no instances", async () => {
  await using f = await fleet({ empty: true });
  const empty = await f.kas("instances");
  assertEquals(empty.status, 4);
  assertStringIncludes(empty.err, "No instance has the tag kas:fleet");
  await f.rows("topics create kas");
  for (const words of ["instances", "alarms", "ping"]) assertEquals(await f.rows(words), []);
});

Deno.test("setup says that a fleet is new, and makes it", async () => {
  await using f = await fleet();
  const setup = "setup --fleet kass --balancer none";
  const plan = await f.kas(`${setup} --dry-run`);
  assertEquals([plan.status, plan.out], [0, "create topic kass\n"]);
  assertEquals(plan.err, "Fleet kass is new in eu-west-1; did you mean kas? Fleets with instances: kas.\n");
  assertEquals((await f.rows(setup)).map(({ action }) => action), ["created"]);
  assertEquals((await f.kas(`${setup} --dry-run`)).err, "");
});

Deno.test("setup refuses the Classic Load Balancer of another fleet, which the environment or a flag names", async () => {
  await using f = await fleet();
  const refusals = [
    await f.kas("setup --fleet typo", { env: { KAS_LOAD_BALANCER: "kas" } }),
    await f.kas("setup --fleet typo --load-balancer kas"),
  ];
  for (const { status, err } of refusals) {
    assertEquals(status, 2);
    assertStringIncludes(err, "Cannot set up fleet typo with load balancer kas, which belongs to fleet kas");
  }
  assertEquals(f.changes(), []);
});

Deno.test("setup refuses a target group without tags if only another fleet uses it", async () => {
  await using f = await fleet();
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  const { ref } = await makeTargetGroup({ aws }, "shared");
  await register(aws, ref, BASE);
  f.changes();
  const env = { KAS_TARGET_GROUP: ref.arns[0] };
  const { status, err } = await f.kas("setup --fleet typo", { env });
  assertEquals([status, f.changes()], [2, []]);
  assertStringIncludes(err, "target group shared, which belongs to fleet kas");
  const [other] = await f.rows("instances create --image ami-1 --fleet typo");
  await register(aws, ref, `${other?.["id"]}`);
  assertEquals((await f.kas("setup --fleet typo --dry-run", { env })).status, 0);
});
