/**
 * src/aws/ec2 on each backend.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { isNotFound } from "../../../src/aws/errors.ts";
import { endQuarantine, quarantine } from "../../../src/aws/ec2/quarantine.ts";
import { creditModes } from "../../../src/aws/ec2/instance_settings.ts";
import { findInstance, fleetInstances, instanceTags } from "../../../src/aws/ec2/instances.ts";
import { statusChecks } from "../../../src/aws/ec2/status_checks.ts";
import { startInstance, stopInstance, terminateInstance } from "../../../src/aws/ec2/state_changes.ts";
import { type Case, launch, settled } from "./cases.ts";

const UNKNOWN = "i-0123456789abcdef0";

export const EC2_CASES: readonly Case[] = [
  {
    name: "fleetInstances() lists the instances with the fleet's tag",
    run: async (backend, fleet) => {
      const [base] = await launch(backend, fleet, "base", 1);
      const nodes = await launch(backend, fleet, "node", 2);
      await launch(backend, `${fleet}-other`, "node", 1);
      const found = await Array.fromAsync(fleetInstances(backend.aws, { fleet }));
      assertEquals(
        found.map(({ id, role, name, state }) => [id, role, name, state]).sort(),
        [
          [base?.id, "base", `${fleet}_base`, "running"],
          ...nodes.map(({ id }) => [id, "node", `${fleet}_node`, "running"]),
        ].sort(),
      );
      for (const { type, zone, privateIp, launched = 0 } of found) {
        assertEquals(type, "t3.micro");
        assert(zone.startsWith(backend.region), zone);
        assert(privateIp !== undefined);
        assertGreater(launched, Date.now() - 60_000);
      }
    },
  },
  {
    name:
      "fleetInstances() lists the instances with the key pair of a legacy fleet, and none with the tag of another fleet",
    run: async (backend, fleet) => {
      const [launched] = await launch(backend, `${fleet}-new`, "node", 1, fleet);
      const found = async (name: string) => {
        const all = await Array.fromAsync(fleetInstances(backend.aws, { fleet: name, keyName: fleet }));
        return all.map(({ id }) => id);
      };
      assertEquals([await found(`${fleet}-new`), await found("any")], [[launched?.id], []]);
    },
  },
  {
    name:
      "stopInstance() and startInstance() change the state, and a stopped instance has the time of its stop",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      const started = Date.now();
      assertEquals(await stopInstance(aws, id), { id, before: "running", after: "stopping" });
      const { stoppedAt = 0 } = await settled(backend, id, "stopped");
      // EC2 reports whole seconds.
      assertGreater(stoppedAt, started - 2_000);
      assertEquals(await startInstance(aws, id), { id, before: "stopped", after: "pending" });
      const running = await settled(backend, id, "running");
      assertEquals(running.stoppedAt, undefined);
    },
  },
  {
    name: "creditModes() returns the credit mode of each instance of a T type",
    run: async (backend, fleet) => {
      const ids = (await launch(backend, fleet, "node", 2)).map(({ id }) => id).sort();
      const modes = await creditModes(backend.aws, ids);
      assertEquals([...modes.keys()].sort(), ids);
      // The default of t3.micro is unlimited; moto answers standard.
      assertEquals(new Set(modes.values()), new Set([backend.name === "moto" ? "standard" : "unlimited"]));
      assertEquals(await creditModes(backend.aws, []), new Map());
    },
  },
  {
    name: "startInstance() of a running instance and stopInstance() of a stopped instance change nothing",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      assertEquals((await startInstance(aws, id)).before, "running");
      assertEquals((await settled(backend, id, "running")).state, "running");
      await stopInstance(aws, id);
      await settled(backend, id, "stopped");
      assertEquals((await stopInstance(aws, id)).before, "stopped");
      assertEquals((await settled(backend, id, "stopped")).state, "stopped");
    },
  },
  {
    name: "terminateInstance() removes an instance from the fleet",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      assertEquals((await terminateInstance(aws, id)).before, "running");
      await settled(backend, id, "terminated");
      assertEquals(await Array.fromAsync(fleetInstances(aws, { fleet })), []);
    },
  },
  {
    name:
      "startInstance(), stopInstance() and terminateInstance() fail with a not-found error for an unknown instance",
    run: async ({ aws }) => {
      assertEquals(await findInstance(aws, UNKNOWN), undefined);
      for (const act of [startInstance, stopInstance, terminateInstance]) {
        assert(isNotFound(await assertRejects(() => act(aws, UNKNOWN))), act.name);
      }
      assertEquals(await instanceTags(aws, [UNKNOWN]), new Map());
    },
  },
  {
    name: "statusChecks() finds no failure of instances that run, are stopped, or do not exist",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const ids = (await launch(backend, fleet, "node", 2)).map(({ id }) => id);
      const [stopped = ""] = ids;
      await stopInstance(aws, stopped);
      await settled(backend, stopped, "stopped");
      assertEquals(await statusChecks(aws, [...ids, UNKNOWN]), new Map());
    },
  },
  {
    name: "quarantine() and endQuarantine() set and remove one tag",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      const tags = { "kas:fleet": fleet, "kas:role": "node", Name: `${fleet}_node` };
      assertEquals((await instanceTags(aws, [id])).get(id), tags);
      await quarantine(aws, id, "its health check never passed");
      assertEquals((await findInstance(aws, id))?.quarantine, "its health check never passed");
      await endQuarantine(aws, id);
      assertEquals((await findInstance(aws, id))?.quarantine, undefined);
      assertEquals((await instanceTags(aws, [id])).get(id), tags);
    },
  },
];
