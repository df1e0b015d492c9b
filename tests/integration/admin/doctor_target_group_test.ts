import {
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { assertEquals, assertMatch } from "@std/assert";
import { makeTargetGroup } from "../../e2e/contract/target_group.ts";
import { eventually } from "../../support/kas.ts";
import { NODE } from "../../unit/admin/fleet.ts";
import { mend, mendOf, problem, settled, type Wired, wired } from "./wired.ts";

const behindGroup = () =>
  wired({}, async (aws) => (await makeTargetGroup({ aws, name: "sandbox" }, "group")).ref);

const arnOf = ({ balancer }: Wired) => balancer.kind === "target-group" ? balancer.arn : "";

Deno.test("doctor finds nothing wrong with a fleet behind a target group", async () => {
  await using w = await behindGroup();
  const { status } = await eventually(
    () => w.doctor(),
    ({ rows }) => rows.every(({ result }) => result === "ok"),
  );
  assertEquals(status, 0);
});

Deno.test("doctor finds what is broken at a target group, and the command that it gives mends it", async (t) => {
  await using w = await behindGroup();
  await settled(w);
  const elb = await w.aws.elbv2();
  const TargetGroupArn = arnOf(w);
  const broken: Record<string, readonly [() => Promise<unknown>, string, RegExp, string]> = {
    "a health check of another path": [
      () => elb.send(new ModifyTargetGroupCommand({ TargetGroupArn, HealthCheckPath: "/health" })),
      "health-check",
      /group asks HTTP:30000\/health .*, where workers answer HTTP:30000\/ping/,
      `kas admin setup${w.words}`,
    ],
    "a deregistration that cuts requests off": [
      () =>
        elb.send(
          new ModifyTargetGroupAttributesCommand({
            TargetGroupArn,
            Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "0" }],
          }),
        ),
      "draining",
      /group cuts requests off/,
      `kas admin setup${w.words}`,
    ],
    "a node that runs but is not registered": [
      async () => {
        await w.fleet.rows(`instances start ${NODE}`);
        await w.fleet.sandbox.world.until(() =>
          w.fleet.sandbox.world.instances().some(({ id, state }) => id === NODE && state === "running")
        );
      },
      "registered",
      new RegExp(`running, but not registered with group: ${NODE}`),
      `kas admin balancers register group ${NODE}${w.words}`,
    ],
  };
  for (const [name, [breaks, check, says, command]] of Object.entries(broken)) {
    await t.step(name, async () => {
      await breaks();
      const { status, rows } = await w.doctor();
      const row = problem(rows, check);
      assertEquals([row.result, status], ["failed", 1]);
      assertMatch(row.detail, says);
      assertEquals(mendOf(row), command);
      await mend(w, rows);
    });
  }
});

Deno.test("doctor finds an autoscaler that waits shorter than a target group drains, and one of another balancer", async () => {
  await using w = await behindGroup();
  const { url } = await w.start({ drainTimeout: 60_000 });
  const { rows } = await w.doctor(`--url ${url}${w.words}`);
  assertMatch(
    problem(rows, "drain-timeout").detail,
    /waits 60 s .*; try: kas autoscaler --drain-timeout 135s$/,
  );
  const other = await w.doctor(`--url ${w.url}`);
  assertMatch(
    problem(other.rows, "balancer").detail,
    /the autoscaler registers with arn:\S+targetgroup\/group\/\S+, not with load balancer kas; try: kas autoscaler --load-balancer kas$/,
  );
});

Deno.test("doctor finds that a target group is not there", async () => {
  await using w = await behindGroup();
  const { rows } = await w.doctor(`--url ${w.url} --target-group ${arnOf(w).replace("/group/", "/gone/")}`);
  assertMatch(problem(rows, "balancer").detail, /^there is no target group gone; try: /);
});
