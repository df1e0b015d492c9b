/**
 * The calls that concurrent requests for single instances share, on each backend.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { balancerRef } from "../../../src/aws/balancing/balancer.ts";
import { createBalancer } from "../../../src/aws/balancing/classic_setup.ts";
import { deregisterOne, registerOne, sharedHealth } from "../../../src/aws/balancing/shared_calls.ts";
import { connect } from "../../../src/aws/clients.ts";
import { findInstance } from "../../../src/aws/ec2/instances.ts";
import { startInstance, stopInstance } from "../../../src/aws/ec2/state_changes.ts";
import { isNotFound } from "../../../src/aws/errors.ts";
import { eventually } from "../../support/kas.ts";
import { type Case, launch } from "./cases.ts";

const MANY = 20;
const UNKNOWN = "i-0123456789abcdef0";

export const MANY_CASES: readonly Case[] = [
  {
    name:
      `requests for ${MANY} instances at the same time share calls, and an unknown instance fails no other one`,
    run: async (backend, fleet) => {
      const { region, url: endpointUrl } = backend;
      const counts: Record<string, number> = {};
      const onCall = ({ operation }: { readonly operation: string }) => {
        counts[operation] = (counts[operation] ?? 0) + 1;
      };
      using aws = connect({ region, endpointUrl, timeLimit: 60_000, onCall });
      const launched = await launch(backend, fleet, "node", MANY);
      const ids = launched.map(({ id }) => id);
      const all = async (state: string) => {
        const found = await Promise.all([...ids, UNKNOWN].map((id) => findInstance(aws, id)));
        assertEquals(found.pop(), undefined);
        return found.every((instance) => instance?.state === state);
      };

      await Promise.all(ids.map((id) => stopInstance(aws, id)));
      await eventually(() => all("stopped"), (are) => are);
      const starts = ids.map((id) => startInstance(aws, id));
      assert(isNotFound(await assertRejects(() => startInstance(aws, UNKNOWN))));
      const changes = await Promise.all(starts);
      assertEquals(changes.map(({ id, before }) => [id, before]), ids.map((id) => [id, "stopped"]));
      await eventually(() => all("running"), (are) => are);

      const balancer = balancerRef({ fleet });
      const zones = [...new Set(launched.map(({ zone }) => zone))];
      await createBalancer(backend.aws, { name: fleet, drainTimeout: 300_000 }, { zones });
      await Promise.all(ids.map((id) => registerOne(aws, balancer, id)));
      const registered = async () => (await sharedHealth(aws, balancer)).map(({ id }) => id).toSorted();
      await eventually(registered, ({ length }) => length === MANY);
      assertEquals(await registered(), ids.toSorted());
      const [kept, ...leaving] = ids;
      const needed = assertRejects(() =>
        deregisterOne(aws, balancer, kept ?? "", () => Promise.reject(new RangeError("needed")))
      );
      await Promise.all(leaving.map((id) => deregisterOne(aws, balancer, id, () => Promise.resolve())));
      await needed;
      await eventually(registered, ({ length }) => length === 1);
      assertEquals(await registered(), [kept]);

      // EC2 refuses the first start because of the unknown instance.
      const expected = {
        StopInstances: 1,
        StartInstances: 2,
        RegisterInstancesWithLoadBalancer: 1,
        DeregisterInstancesFromLoadBalancer: 1,
      };
      assertEquals(Object.keys(expected).map((operation) => counts[operation]), Object.values(expected));
    },
  },
];
