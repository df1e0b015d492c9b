import {
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { assertEquals } from "@std/assert";
import { makeTargetGroup } from "../../../e2e/contract/target_group.ts";
import { eventually } from "../../../support/kas.ts";
import { NODE } from "../../../unit/admin/fleet.ts";
import { assertProblem, repair, settled, type Wired, wired } from "./wired.ts";

const behindGroup = () => wired({}, async (aws) => (await makeTargetGroup({ aws }, "group")).ref);

const arnOf = ({ balancer }: Wired) => balancer.kind === "target-groups" ? balancer.arns[0] : "";

Deno.test("doctor finds no problem in a fleet behind a target group", async () => {
  await using w = await behindGroup();
  const { status } = await eventually(
    () => w.doctor(),
    ({ rows }) => rows.every(({ result }) => result === "ok"),
  );
  assertEquals(status, 0);
});

Deno.test("doctor finds each problem of a target group, and the command that doctor proposes solves the problem", async (t) => {
  await using w = await behindGroup();
  await settled(w);
  const elb = await w.aws.elbv2();
  const TargetGroupArn = arnOf(w);
  const broken: Record<string, readonly [() => Promise<unknown>, string, readonly string[], string]> = {
    "a deregistration that cuts requests off": [
      () =>
        elb.send(
          new ModifyTargetGroupAttributesCommand({
            TargetGroupArn,
            Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "0" }],
          }),
        ),
      "draining",
      ["group"],
      `kas admin setup${w.words}`,
    ],
    "a node that runs but is not registered": [
      async () => {
        await w.fleet.rows(`instances start ${NODE}`);
        await w.fleet.sandbox.account.waitUntil(() =>
          w.fleet.sandbox.account.instances().some(({ id, state }) => id === NODE && state === "running")
        );
      },
      "registered",
      ["group", NODE],
      `kas admin instances adopt ${NODE}${w.words}`,
    ],
  };
  for (const [name, [breaks, check, names, remedy]] of Object.entries(broken)) {
    await t.step(name, async () => {
      await breaks();
      const { status, rows } = await w.doctor();
      assertEquals(status, 1);
      assertProblem(rows, check, { names, remedy });
      await repair(w, rows);
    });
  }
});

Deno.test("doctor finds a health check that no instance passes, and proposes to ping the instances", async () => {
  await using w = await behindGroup();
  const elb = await w.aws.elbv2();
  await elb.send(new ModifyTargetGroupCommand({ TargetGroupArn: arnOf(w), HealthCheckPath: "/health" }));
  const { status, rows } = await w.doctor();
  assertEquals(status, 1);
  assertProblem(rows, "health-check", { names: ["HTTP:30000/health"], remedy: `kas admin ping${w.words}` });
});

Deno.test("doctor finds a drain timeout shorter than the target group's, and an autoscaler with a different load balancer", async () => {
  await using w = await behindGroup();
  const { url } = await w.start({ drainTimeout: 60_000 });
  const { rows } = await w.doctor(`--url ${url}${w.words}`);
  assertProblem(rows, "drain-timeout", { names: ["60 s"], remedy: "kas autoscaler --drain-timeout 135s" });
  const other = await w.doctor(`--url ${w.url}`);
  const names = [arnOf(w), "load balancer kas"];
  assertProblem(other.rows, "balancer", { names, remedy: "kas autoscaler --load-balancer kas" });
});

Deno.test("doctor reports that a target group does not exist", async () => {
  await using w = await behindGroup();
  const gone = arnOf(w).replace("/group/", "/gone/");
  const { rows } = await w.doctor(`--url ${w.url} --target-group ${gone}`);
  assertProblem(rows, "balancer", { names: ["gone"], remedy: /KAS_TARGET_GROUP/ });
});
