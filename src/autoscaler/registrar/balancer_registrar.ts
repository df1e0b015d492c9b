/**
 * The registrar of a fleet with a load balancer.
 *
 * @module
 */
import type { BalancerRef } from "../../aws/balancing/balancer.ts";
import { deregisterOne, registerOne, sharedHealth } from "../../aws/balancing/shared_calls.ts";
import { awaitAll } from "../../aws/many/await_all.ts";
import type { Aws } from "../../aws/clients.ts";
import type { Registrar } from "./registrar.ts";

/** How old a state in a load balancer's answer can be, in ms. */
const LAG = 30_000;

/** Returns the registrar of a fleet whose load balancer is `ref`. */
export function balancerRegistrar(aws: Aws, ref: BalancerRef): Registrar {
  /** The instances that were registered with only some target groups at the previous look. Undefined before the first look. */
  let incomplete: ReadonlySet<string> | undefined;
  return {
    lag: LAG,
    isServiceDraining: false,
    healths: (_list, signal) => sharedHealth(aws, ref, signal),
    healthOf: async (id, signal) => (await sharedHealth(aws, ref, signal)).find((it) => it.id === id),
    register: (id) => registerOne(aws, ref, id),
    deregister: async (id, precondition) => {
      await deregisterOne(aws, ref, id, precondition);
      return { done: true };
    },
    isDraining: () => false,
    endDraining: () => Promise.resolve({ outcome: "serves", description: "" }),
    complete: async (ids, signal) => {
      if (ref.kind !== "target-groups" || ref.arns.length === 1) return [];
      const found = ids.length === 0 ? [] : await sharedHealth(aws, ref, signal);
      const now = found.filter(({ id, missing }) => missing !== undefined && ids.includes(id)).map(({ id }) =>
        id
      );
      const due = now.filter((id) => incomplete?.has(id) ?? true);
      incomplete = new Set(now);
      await awaitAll(due.map((id) => registerOne(aws, ref, id)));
      return due;
    },
    unlisted: "the load balancer does not list it",
    describe: ({ state, description }) =>
      `the load balancer says ${state}: ${description.replace(/\.$/, "")}`,
    [Symbol.dispose]: () => {},
  };
}
