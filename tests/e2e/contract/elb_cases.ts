/**
 * Classic Load Balancers of src/aws/balancing on each backend.
 *
 * @module
 */
import { readChecks } from "../../../src/aws/balancing/checks.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  balancerRef,
  deregister,
  health,
  register,
  registrations,
} from "../../../src/aws/balancing/balancer.ts";
import { listBalancers } from "../../../src/aws/balancing/classic_balancer.ts";
import { createBalancer, deleteBalancer, enableZones } from "../../../src/aws/balancing/classic_setup.ts";
import { isNotFound } from "../../../src/aws/errors.ts";
import { eventually } from "../../support/kas.ts";
import { type Case, launch } from "./cases.ts";

export const ELB_CASES: readonly Case[] = [
  {
    name: "createBalancer() creates one load balancer, however often it is called",
    run: async ({ aws, region }, fleet) => {
      const dnsName = await createBalancer(aws, { name: fleet, drainTimeout: 300_000 }, {
        zones: [`${region}a`],
      });
      const created = await Array.fromAsync(listBalancers(aws, undefined, fleet));
      assertEquals(created, [{
        name: fleet,
        dnsName,
        instances: [],
        securityGroups: created[0]?.securityGroups ?? [],
        healthCheck: "HTTP:30000/ping",
        ports: [30_000],
        zones: [`${region}a`],
        requests: { namespace: "AWS/ELB", name: "RequestCount", dimensions: { LoadBalancerName: fleet } },
      }]);
      assertEquals(
        await createBalancer(aws, { name: fleet, drainTimeout: 300_000 }, { zones: [`${region}a`] }),
        dnsName,
      );
      assertEquals(await Array.fromAsync(listBalancers(aws, undefined, fleet)), created);
      const all = await Array.fromAsync(listBalancers(aws));
      assertEquals(all.filter(({ name }) => name === fleet), created);
    },
  },
  {
    name: "readChecks() reads the health check of a Classic Load Balancer",
    run: async ({ aws, region }, fleet) => {
      await createBalancer(aws, { name: fleet, drainTimeout: 300_000 }, { zones: [`${region}a`] });
      const checksOf = await readChecks(aws, balancerRef({ fleet }));
      const codes = [{ from: 200, to: 200 }];
      assertEquals(checksOf("i-0123456789abcdef0"), [
        { protocol: "http", port: 30_000, path: "/ping", timeout: 5_000, codes },
      ]);
      assertEquals((await readChecks(aws, balancerRef({ fleet: "no-such-fleet" })))("i-1"), [{
        protocol: "none",
      }]);
    },
  },
  {
    name: "enableZones() adds zones, and a second call changes nothing",
    run: async ({ aws, region }, fleet) => {
      await createBalancer(aws, { name: fleet, drainTimeout: 300_000 }, { zones: [`${region}a`] });
      for (const _ of [1, 2]) {
        await enableZones(aws, fleet, [`${region}b`]);
        const [found] = await Array.fromAsync(listBalancers(aws, undefined, fleet));
        assertEquals(found?.zones.toSorted(), [`${region}a`, `${region}b`]);
      }
    },
  },
  {
    name:
      "register() and deregister() put an instance into and out of service, and a second call changes nothing",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const [{ id = "", zone = "" } = {}] = await launch(backend, fleet, "base", 1);
      await createBalancer(aws, { name: fleet, drainTimeout: 300_000 }, { zones: [zone] });
      assertEquals(await registrations(aws, balancerRef({ fleet })), new Map());
      await register(aws, balancerRef({ fleet }), id);
      await register(aws, balancerRef({ fleet }), id);
      const registered = await eventually(
        () => registrations(aws, balancerRef({ fleet })),
        (found) => found.get(id) === "in-service",
      );
      assertEquals([...registered.keys()], [id]);
      assertEquals((await health(aws, balancerRef({ fleet })))[0]?.state, "InService");
      await deregister(aws, balancerRef({ fleet }), id);
      await eventually(() => registrations(aws, balancerRef({ fleet })), (found) => !found.has(id));
      await deregister(aws, balancerRef({ fleet }), id);
    },
  },
  {
    name: "deregister() of an instance that is not registered changes nothing",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const [registered, other] = await launch(backend, fleet, "node", 2);
      await createBalancer(aws, { name: fleet, drainTimeout: 300_000 }, { zones: [registered?.zone ?? ""] });
      await register(aws, balancerRef({ fleet }), registered?.id ?? "");
      await deregister(aws, balancerRef({ fleet }), other?.id ?? "");
      assertEquals([...(await registrations(aws, balancerRef({ fleet }))).keys()], [registered?.id]);
    },
  },
  {
    name:
      "health() fails with a not-found error for an unknown load balancer, and deleteBalancer() ignores it",
    run: async ({ aws, region }, fleet) => {
      assert(isNotFound(await assertRejects(() => health(aws, balancerRef({ fleet })))));
      assert(isNotFound(await assertRejects(() => Array.fromAsync(listBalancers(aws, undefined, fleet)))));
      await createBalancer(aws, { name: fleet, drainTimeout: 300_000 }, { zones: [`${region}a`] });
      await deleteBalancer(aws, fleet);
      await deleteBalancer(aws, fleet);
      assert(isNotFound(await assertRejects(() => health(aws, balancerRef({ fleet })))));
    },
  },
];
