/**
 * `kas admin` on each backend: columns and exit statuses of the commands that list or change something.
 *
 * @module
 */
import { DescribeTagsCommand } from "@aws-sdk/client-elastic-load-balancing";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { quarantine } from "../../../src/aws/ec2/quarantine.ts";
import { createTopic } from "../../../src/aws/sns/topic.ts";
import { eventually } from "../../support/kas.ts";
import { kas } from "./admin.ts";
import { type Case, launch, settled } from "./cases.ts";

const UNKNOWN = "i-0123456789abcdef0";

export const ADMIN_CASES: readonly Case[] = [
  {
    name: "instances create, list and tags",
    run: async (backend, fleet) => {
      const created = await kas(
        backend,
        fleet,
        ...["instances", "create", "--count", "2", "--image", backend.image, "--type", "t3.micro"],
      );
      assertEquals([created.status, created.stderr], [0, ""]);
      const ids = created.rows.map(({ id }) => String(id));
      assertEquals(created.rows, ids.map((id) => ({ id, name: `${fleet}_node` })));
      for (const id of ids) await settled(backend, id, "running");

      const listed = await kas(backend, fleet, "instances", "--state", "running");
      assertEquals(listed.rows.map(({ id }) => String(id)).sort(), ids.toSorted());
      assertEquals(
        Object.keys(listed.rows[0] ?? {}),
        [
          "id",
          "name",
          "role",
          "state",
          "type",
          "zone",
          "private_ip",
          "public_dns",
          "launched",
          "health",
          "protected",
        ],
      );
      assertEquals((await kas(backend, fleet, "instances", "--state", "stopped")).rows, []);

      const [id = ""] = ids;
      const tags = await kas(backend, fleet, "instances", "tags", id);
      assertEquals(
        tags.rows.map(({ id, key, value }) => [id, key, value]).sort(),
        [[id, "Name", `${fleet}_node`], [id, "kas:fleet", fleet], [id, "kas:role", "node"]],
      );
    },
  },
  {
    name: "instances stop, start and terminate",
    run: async (backend, fleet) => {
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      const stopped = await kas(backend, fleet, "instances", "stop", id);
      assertEquals(stopped, { status: 0, rows: [{ id, before: "running", after: "stopping" }], stderr: "" });
      await settled(backend, id, "stopped");
      const started = await kas(backend, fleet, "instances", "start", id);
      assertEquals(started.rows, [{ id, before: "stopped", after: "pending" }]);
      await settled(backend, id, "running");
      const terminated = await kas(backend, fleet, "instances", "terminate", id, "--yes");
      assertEquals([terminated.status, terminated.rows[0]?.["before"]], [0, "running"]);
      await settled(backend, id, "terminated");
      assertEquals((await kas(backend, fleet, "instances")).rows, []);
    },
  },
  {
    name:
      "instances stop refuses a base instance, and continues with the other instances after an unknown one",
    run: async (backend, fleet) => {
      const [{ id: base = "" } = {}] = await launch(backend, fleet, "base", 1);
      const [{ id: node = "" } = {}] = await launch(backend, fleet, "node", 1);
      const refused = await kas(backend, fleet, "instances", "stop", base);
      assertEquals(refused.status, 1);
      assertStringIncludes(refused.stderr, "--force");
      const part = await kas(backend, fleet, "instances", "stop", UNKNOWN, node);
      assertEquals([part.status, part.rows.map(({ id }) => id)], [1, [node]]);
      assertStringIncludes(part.stderr, UNKNOWN);
      assertEquals((await kas(backend, fleet, "instances", "start", UNKNOWN)).status, 4);
      await settled(backend, base, "running");
    },
  },
  {
    name: "cost lists the volumes of stopped nodes by their type and size",
    run: async (backend, fleet) => {
      const [stopped] = await launch(backend, fleet, "node", 2);
      const id = stopped?.id ?? "";
      assertEquals((await kas(backend, fleet, "instances", "stop", id)).status, 0);
      await settled(backend, id, "stopped");
      const { status, rows } = await kas(backend, fleet, "cost");
      assertEquals(status, 0);
      // moto gives an instance a volume of another type than the sandbox.
      assertEquals(
        rows.flatMap(({ item, quiet }) => / volumes of stopped nodes$/.test(String(item)) ? [quiet] : []),
        [8],
      );
      assertEquals(rows.slice(-2).map(({ item }) => item), ["total", "total with scrapes alone"]);
      assertEquals((await kas(backend, `${fleet}-nobody`, "cost")).status, 4);
    },
  },
  {
    name: "backtest says that a fleet without instances has no history",
    run: async (backend, fleet) => {
      const nobody = await kas(backend, fleet, "backtest", "--history", "1d", "--policy", "oracle");
      assertEquals([nobody.status, nobody.rows], [4, []]);
    },
  },
  {
    name: "instances release ends a quarantine",
    run: async (backend, fleet) => {
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      await quarantine(backend.aws, id, "no capacity");
      assertEquals((await kas(backend, fleet, "instances", "release", id)).status, 0);
      assertEquals((await settled(backend, id, "running")).quarantine, undefined);
    },
  },
  {
    name: "instances protect and unprotect write and delete the tag",
    run: async (backend, fleet) => {
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      assertEquals((await kas(backend, fleet, "instances", "protect", id)).status, 0);
      assertEquals((await settled(backend, id, "running")).protected, true);
      assertEquals((await kas(backend, fleet, "instances", "unprotect", id)).status, 0);
      assertEquals((await settled(backend, id, "running")).protected, undefined);
    },
  },
  {
    name: "instances adopt, detach and attach register and deregister, and write and delete tags",
    run: async (backend, fleet) => {
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      assertEquals((await kas(backend, fleet, "balancers", "create", fleet)).status, 0);
      for (
        const [name, action, detached] of [
          ["adopt", "adopted", undefined],
          ["detach", "detached", true],
          ["attach", "attached", undefined],
        ] as const
      ) {
        assertEquals((await kas(backend, fleet, "instances", name, id)).rows, [{ id, action }]);
        const instance = await settled(backend, id, "running");
        assertEquals([instance.detached, instance.byOperator !== undefined], [detached, detached === true]);
      }
    },
  },
  {
    name: "balancers create, register, list and deregister",
    run: async (backend, fleet) => {
      const [{ id = "" } = {}] = await launch(backend, fleet, "base", 1);
      const created = await kas(backend, fleet, "balancers", "create", fleet);
      assertEquals([created.status, created.rows[0]?.["name"], created.stderr], [0, fleet, ""]);
      const dnsName = created.rows[0]?.["dns_name"];
      const rows = async () =>
        (await kas(backend, fleet, "balancers")).rows.filter(({ name }) => name === fleet);
      assertEquals(await rows(), [{
        name: fleet,
        dns_name: dnsName,
        instance: null,
        health: null,
        reason: null,
      }]);

      const registered = await kas(backend, fleet, "balancers", "register", fleet, id);
      assertEquals(registered.rows, [{ name: fleet, instance: id, action: "registered" }]);
      const [row] = await eventually(rows, ([row]) => row?.["health"] === "InService");
      assertEquals(row?.["instance"], id);
      const listed = await kas(backend, fleet, "instances");
      assertEquals(listed.rows.map(({ id, health }) => [id, health]), [[id, "InService"]]);

      const deregistered = await kas(backend, fleet, "balancers", "deregister", fleet, id);
      assertEquals(deregistered.rows, [{ name: fleet, instance: id, action: "deregistered" }]);
      await eventually(rows, ([row]) => row?.["instance"] === null);
      assertEquals((await kas(backend, fleet, "balancers", "register", `${fleet}-no`, id)).status, 4);
    },
  },
  {
    name: "alarms set, list, test and delete",
    run: async (backend, fleet) => {
      await createTopic(backend.aws, fleet);
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      const names = [`${fleet}:cpuhigh:${id}`, `${fleet}:cpulow:${id}`];
      const set = await kas(backend, fleet, "alarms", "set", id, "--cpu", "35:70", "--period", "3600");
      assertEquals([set.status, set.stderr], [0, ""]);
      assertEquals(set.rows.map(({ name }) => String(name)).sort(), names);

      const listed = await kas(backend, fleet, "alarms");
      assertEquals(
        listed.rows.map((
          { kind, metric, period, dimension, topic },
        ) => [kind, metric, period, dimension, topic])
          .sort(),
        [
          ["cpuhigh", "CPUUtilization(Average)>=70", 3600, id, fleet],
          ["cpulow", "CPUUtilization(Average)>=35", 3600, id, fleet],
        ],
      );

      const [high = ""] = names;
      // CloudWatch may evaluate the alarm between the two commands and reset its state, so the test may repeat them.
      const states = await eventually(async () => {
        const tested = await kas(backend, fleet, "alarms", "test", high, "ALARM");
        assertEquals([tested.status, tested.rows[0]?.["after"]], [0, "ALARM"]);
        const { rows } = await kas(backend, fleet, "alarms");
        return rows.filter(({ name }) => name === high).map(({ state }) => state);
      }, (states) => states.includes("ALARM"));
      assertEquals(states, ["ALARM"]);

      assertEquals((await kas(backend, fleet, "alarms", "delete", `${fleet}:cpuhigh:${UNKNOWN}`)).status, 4);
      const deleted = await kas(backend, fleet, "alarms", "delete", "--instance", id);
      assertEquals(deleted.rows.map(({ action }) => action), ["deleted", "deleted"]);
      assertEquals((await kas(backend, fleet, "alarms")).rows, []);
    },
  },
  {
    name: "topics create, list, subscribe, subscriptions and unsubscribe",
    run: async (backend, fleet) => {
      const created = await kas(backend, fleet, "topics", "create", fleet);
      const [topic] = created.rows;
      assertEquals(created, {
        status: 0,
        rows: [{ arn: topic?.["arn"], name: fleet, subscriptions: 0 }],
        stderr: "",
      });
      // No server listens at this address. moto confirms the subscription nevertheless.
      const endpoint = "http://127.0.0.1:1/";
      const status = backend.name === "moto" ? "confirmed" : "pending";
      const subscribed = await kas(backend, fleet, "topics", "subscribe", endpoint);
      assertEquals(subscribed.rows.map(({ endpoint, protocol, status }) => [endpoint, protocol, status]), [
        [endpoint, "http", status],
      ]);
      const listed = await kas(backend, fleet, "topics", "subscriptions");
      assertEquals(listed.rows, subscribed.rows);
      const topics = (await kas(backend, fleet, "topics")).rows.filter(({ name }) => name === fleet);
      assertEquals(topics, [{ arn: topic?.["arn"], name: fleet, subscriptions: 1 }]);

      const arn = String(subscribed.rows[0]?.["subscription"]);
      const unsubscribed = await kas(backend, fleet, "topics", "unsubscribe", arn);
      if (status === "pending") return assertEquals([unsubscribed.status, unsubscribed.rows], [4, []]);
      assertEquals(unsubscribed.rows, [{ ...subscribed.rows[0], status: "deleted" }]);
      assertEquals((await kas(backend, fleet, "topics", "subscriptions")).rows, []);
    },
  },
  {
    name: "setup creates what is missing, and changes nothing the second time",
    run: async (backend, fleet) => {
      await launch(backend, fleet, "base", 1);
      const first = await kas(backend, fleet, "setup", "--balancer", "classic");
      assertEquals([first.status, first.stderr], [0, ""]);
      assertEquals(first.rows.map(({ resource, action }) => [resource, action]), [
        ["topic", "created"],
        ["balancer", "created"],
        ["instance", "registered"],
        ["alarm", "created"],
        ["alarm", "created"],
      ]);
      const again = await kas(backend, fleet, "setup", "--balancer", "classic");
      assertEquals([...new Set(again.rows.map(({ action }) => action))], ["unchanged"]);
      const elb = await backend.aws.elb();
      const tags = await elb.send(new DescribeTagsCommand({ LoadBalancerNames: [fleet] }));
      assertEquals(tags.TagDescriptions?.[0]?.Tags, [
        { Key: "kas:created-by", Value: "setup" },
        { Key: "kas:fleet", Value: fleet },
      ]);
    },
  },
  {
    name: "teardown --instances deletes everything that setup and instances create made",
    run: async (backend, fleet) => {
      const listings = async () => {
        const list = async (...words: string[]) => (await kas(backend, fleet, ...words)).rows;
        return await Promise.all([list("instances"), list("balancers"), list("alarms"), list("topics")]);
      };
      const before = await listings();
      const ids: string[] = [];
      for (const role of ["base", "control", "node"]) {
        const words = ["instances", "create", "--role", role, "--image", backend.image, "--type", "t3.micro"];
        ids.push(...(await kas(backend, fleet, ...words)).rows.map(({ id }) => String(id)));
      }
      for (const id of ids) await settled(backend, id, "running");
      assertEquals((await kas(backend, fleet, "setup", "--balancer", "classic")).status, 0);
      // No server listens at this address. moto confirms the subscription nevertheless; in the sandbox the subscription
      // stays pending.
      await kas(backend, fleet, "topics", "subscribe", "http://127.0.0.1:1/");
      const subscription = backend.name === "moto" ? ["subscription deleted"] : [];

      const torn = await kas(backend, fleet, "teardown", "--instances", "--yes");
      assertEquals([torn.status, torn.stderr], [0, ""]);
      assertEquals(torn.rows.map(({ resource, action }) => `${resource} ${action}`), [
        ...Array(6).fill("alarm deleted"),
        ...subscription,
        "topic deleted",
        ...Array(3).fill("instance terminated"),
        "balancer deleted",
      ]);
      for (const id of ids) await settled(backend, id, "terminated");
      assertEquals(await listings(), before);
      const again = await kas(backend, fleet, "teardown", "--instances");
      assertEquals([again.status, again.rows], [0, []]);
    },
  },
];
