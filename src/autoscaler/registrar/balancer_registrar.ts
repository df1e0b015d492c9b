/**
 * The registrar of a fleet with a load balancer.
 *
 * @module
 */
import type { BalancerRef } from "../../aws/balancing/balancer.ts";
import { deregisterOne, registerOne, sharedHealth } from "../../aws/balancing/shared_calls.ts";
import type { Aws } from "../../aws/clients.ts";
import type { Registrar } from "./registrar.ts";

/** How old a state in a load balancer's answer can be, in ms. */
const LAG = 30_000;

/** Returns the registrar of a fleet whose load balancer is `ref`. */
export function balancerRegistrar(aws: Aws, ref: BalancerRef): Registrar {
  return {
    lag: LAG,
    healths: (_list, signal) => sharedHealth(aws, ref, signal),
    healthOf: async (id, signal) => (await sharedHealth(aws, ref, signal)).find((it) => it.id === id),
    register: (id) => registerOne(aws, ref, id),
    deregister: (id, precondition) => deregisterOne(aws, ref, id, precondition),
    describe: ({ state, description }) =>
      `the load balancer says ${state}: ${description.replace(/\.$/, "")}`,
  };
}
