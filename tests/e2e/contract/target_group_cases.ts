/**
 * Target groups of src/aws/balancing and `kas admin --target-group` on each backend.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ModifyTargetGroupCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { readChecks } from "../../../src/aws/balancing/checks.ts";
import { fleetAlarms } from "../../../src/aws/cloudwatch/alarms.ts";
import {
  deregister,
  findBalancer,
  health,
  register,
  registrations,
  type TargetGroupsRef,
} from "../../../src/aws/balancing/balancer.ts";
import { isNotFound, isNotRegistrable } from "../../../src/aws/errors.ts";
import { stopInstance } from "../../../src/aws/ec2/state_changes.ts";
import { applyChanges, requiredChanges } from "../../../src/aws/balancing/target_group_settings.ts";
import { eventually } from "../../support/kas.ts";
import { kas } from "./admin.ts";
import { type Case, launch, settled } from "./cases.ts";
import { makeTargetGroup } from "./target_group.ts";

const NONE: TargetGroupsRef = {
  kind: "target-groups",
  name: "none",
  arns: ["arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/none/0123456789abcdef"],
};

/** AWS's default health check. */
const HEALTH_CHECK = { HealthCheckPath: "/", HealthCheckIntervalSeconds: 30, HealthCheckTimeoutSeconds: 5 };

export const TARGET_GROUP_CASES: readonly Case[] = [
  {
    name:
      "register() and deregister() put an instance into and out of service at a target group, and a second call changes nothing",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const { ref, dnsName } = await makeTargetGroup(backend, fleet);
      await applyChanges(aws, ref.arns[0], { delay: 1 });
      const [{ id = "" } = {}] = await launch(backend, fleet, "base", 1);
      assertEquals(await registrations(aws, ref), new Map());
      await register(aws, ref, id);
      await register(aws, ref, id);
      const found = await eventually(
        () => registrations(aws, ref),
        (found) => found.get(id) === "in-service",
      );
      assertEquals([...found.keys()], [id]);
      assertEquals((await health(aws, ref)).map(({ state, description }) => [state, description]), [
        ["healthy", "N/A"],
      ]);
      const balancer = await findBalancer(aws, ref);
      assertEquals([balancer?.name, balancer?.dnsName], [fleet, dnsName]);
      assertEquals([balancer?.instances, balancer?.healthCheck], [[id], "HTTP:30000/ping"]);
      await deregister(aws, ref, id);
      await eventually(() => registrations(aws, ref), (found) => !found.has(id));
      await deregister(aws, ref, id);
    },
  },
  {
    name: "readChecks() reads the health check of a target group, and a change of the check",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const { ref } = await makeTargetGroup(backend, fleet, { unused: true });
      const check = async () => (await readChecks(aws, ref))("i-0123456789abcdef0");
      const codes = [{ from: 200, to: 200 }];
      const http = { protocol: "http", port: 30_000, path: "/ping", timeout: 2_000, codes } as const;
      assertEquals(await check(), [http]);
      const changed = {
        HealthCheckProtocol: "HTTPS",
        HealthCheckPort: "8443",
        HealthCheckPath: "/healthz",
        Matcher: { HttpCode: "200-299,302" },
      } as const;
      await (await aws.elbv2()).send(
        new ModifyTargetGroupCommand({ TargetGroupArn: ref.arns[0], ...changed }),
      );
      assertEquals(await check(), [{
        ...http,
        protocol: "https",
        port: 8_443,
        path: "/healthz",
        codes: [{ from: 200, to: 299 }, { from: 302, to: 302 }],
      }]);
    },
  },
  {
    name: "register() fails for a stopped instance, and with a not-found error for an unknown target group",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const { ref } = await makeTargetGroup(backend, fleet, { unused: true });
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      await stopInstance(aws, id);
      await settled(backend, id, "stopped");
      assert(isNotRegistrable(await assertRejects(() => register(aws, ref, id))));
      assert(isNotFound(await assertRejects(() => health(aws, NONE))));
      assert(isNotFound(await assertRejects(() => register(aws, NONE, id))));
      assertEquals(await findBalancer(aws, NONE), undefined);
    },
  },
  {
    name: "requiredChanges() returns the settings to change, and no settings after applyChanges()",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const { ref: { arns: [arn], ...ref } } = await makeTargetGroup(backend, fleet, {
        unused: true,
        healthCheck: HEALTH_CHECK,
      });
      const kept = { healthCheck: undefined, drainTimeout: 300_000 };
      const wanted = { ...kept, healthCheck: { protocol: "HTTP", port: 30_001, path: "/healthz" } } as const;
      assertEquals(await requiredChanges(aws, arn, kept), { delay: 120 });
      assertEquals(await requiredChanges(aws, arn, wanted), { healthCheck: wanted.healthCheck, delay: 120 });
      await applyChanges(aws, arn, await requiredChanges(aws, arn, wanted));
      assertEquals(await requiredChanges(aws, arn, wanted), {});
      assertEquals((await findBalancer(aws, { ...ref, arns: [arn] }))?.healthCheck, "HTTP:30001/healthz");
    },
  },
  {
    name: "balancers and instances with --target-group list, register and deregister",
    run: async (backend, fleet) => {
      const { ref: { arns: [arn] }, dnsName } = await makeTargetGroup(backend, fleet);
      const [{ id = "" } = {}] = await launch(backend, fleet, "base", 1);
      const group = (...words: string[]) => kas(backend, fleet, ...words, "--target-group", arn);
      const row = { name: fleet, "dns_name": dnsName, instance: null, health: null, reason: null };
      assertEquals(await group("balancers"), { status: 0, rows: [row], stderr: "" });
      const registered = await group("balancers", "register", fleet, id);
      assertEquals(registered.rows, [{ name: fleet, instance: id, action: "registered" }]);
      const rows = await eventually(
        () => group("balancers"),
        ({ rows }) => rows[0]?.["health"] === "healthy",
      );
      assertEquals(rows.rows, [{ ...row, instance: id, health: "healthy" }]);
      assertEquals((await group("instances")).rows.map(({ health }) => health), ["InService"]);
      const deregistered = await group("balancers", "deregister", arn, id);
      assertEquals(deregistered.rows, [{ name: fleet, instance: id, action: "deregistered" }]);
      // moto does not drain.
      const left = (await group("balancers")).rows.map(({ health }) => health);
      assertEquals(left, [backend.name === "moto" ? null : "draining"]);
    },
  },
  {
    name:
      "alarms set --requests with --target-group counts the group's requests, and setup adds the topic to the alarm",
    run: async (backend, fleet) => {
      const { ref: { arns: [arn] }, loadBalancerArn } = await makeTargetGroup(backend, fleet);
      await launch(backend, fleet, "base", 1);
      const group = (...words: string[]) => kas(backend, fleet, ...words, "--target-group", arn);
      const name = `${fleet}:reqcount:${fleet}`;
      const words = ["alarms", "set", "--requests", "600", "--period", "3600"];
      assertEquals((await group(...words, "--pull")).rows, [{ name, action: "created" }]);
      assertEquals((await group(...words, "--pull", "--requests-of", arn)).rows, [{
        name,
        action: "unchanged",
      }]);
      const alarm = async () => (await fleetAlarms(backend.aws, fleet)).find((it) => it.name === name);
      const requests = {
        namespace: "AWS/ApplicationELB",
        name: "RequestCount",
        dimensions: {
          LoadBalancer: `app/${fleet}/${loadBalancerArn.split("/").at(-1)}`,
          TargetGroup: `targetgroup/${fleet}/${arn.split("/").at(-1)}`,
        },
      };
      assertEquals([(await alarm())?.metric, (await alarm())?.alarmActions], [requests, []]);

      const set = await group("setup");
      assertEquals(set.rows.find((row) => row["name"] === name)?.["action"], "updated");
      const told = await alarm();
      assertEquals([told?.metric, told?.threshold, told?.period], [requests, 600, 3600]);
      assertEquals(told?.alarmActions.map((topic) => topic.split(":").at(-1)), [fleet]);
      const torn = await group("teardown", "--yes");
      assert(torn.rows.some((row) => row["name"] === name && row["action"] === "deleted"));
    },
  },
  {
    name: "alarms set --requests fails for a target group without a load balancer",
    run: async (backend, fleet) => {
      const { ref: { arns: [arn] } } = await makeTargetGroup(backend, fleet, { unused: true });
      const words = ["alarms", "set", "--requests", "600", "--pull", "--target-group", arn];
      const { status, rows, stderr } = await kas(backend, fleet, ...words);
      assertEquals([status, rows], [1, []]);
      assertStringIncludes(stderr, `target group ${fleet}`);
    },
  },
  {
    name:
      "setup with --target-group changes the target group's settings, and teardown keeps the target group",
    run: async (backend, fleet) => {
      const { ref: { arns: [arn] } } = await makeTargetGroup(backend, fleet, { healthCheck: HEALTH_CHECK });
      for (const role of ["base", "node"] as const) await launch(backend, fleet, role, 1);
      const group = (...words: string[]) => kas(backend, fleet, ...words, "--target-group", arn);
      const first = await group("setup");
      assertEquals([first.status, first.stderr], [0, ""]);
      assertEquals(first.rows.map(({ resource, action }) => `${resource} ${action}`), [
        "topic created",
        "balancer updated",
        // As no instance is registered yet, setup registers the running node too.
        ...Array(2).fill("instance registered"),
        ...Array(4).fill("alarm created"),
      ]);
      const again = await group("setup");
      assertEquals([...new Set(again.rows.map(({ action }) => action))], ["unchanged"]);
      const torn = await group("teardown", "--instances", "--yes");
      assertEquals([torn.status, torn.rows.some(({ resource }) => resource === "balancer")], [0, false]);
      assert(
        await findBalancer(backend.aws, { kind: "target-groups", name: fleet, arns: [arn] }) !== undefined,
      );
    },
  },
  {
    name: "instances terminate with --target-group deregisters the instance",
    run: async (backend, fleet) => {
      const { ref } = await makeTargetGroup(backend, fleet);
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      await register(backend.aws, ref, id);
      const words = ["instances", "terminate", id, "--yes", "--target-group", ref.arns[0]];
      assertEquals((await kas(backend, fleet, ...words)).status, 0);
      // moto does not drain.
      const registration = backend.name === "moto" ? undefined : "draining";
      assertEquals((await registrations(backend.aws, ref)).get(id), registration);
    },
  },
  {
    name: "setup with an unknown --target-group exits with 4",
    run: async (backend, fleet) => {
      await launch(backend, fleet, "base", 1);
      const { status, stderr } = await kas(backend, fleet, "setup", "--target-group", NONE.arns[0]);
      assertEquals(status, 4);
      assertStringIncludes(stderr, "target group none");
    },
  },
];
