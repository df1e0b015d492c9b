/**
 * Selects the registrar of a fleet.
 *
 * @module
 */
import type { Aws } from "../../aws/clients.ts";
import { checkOnce } from "../../health/check_once.ts";
import type { Runtime } from "../../runtime.ts";
import type { AddressOf, Fleet, Tuning } from "../assembly_options.ts";
import type { Journal } from "../store/journal.ts";
import { balancerRegistrar } from "./balancer_registrar.ts";
import type { Registrar } from "./registrar.ts";
import { ServiceRegistrar } from "./service_registrar.ts";

/** The parts of a registrar. */
export interface RegistrarParts {
  readonly aws: Aws;
  readonly fleet: Fleet;
  readonly journal: Journal;
  readonly address: AddressOf;
  readonly runtime: Runtime;
  readonly tuning: () => Tuning;
}

/** The longest pause between two health checks of an instance, in ms. */
const INTERVAL = 10_000;

/** Returns the registrar of a fleet with its load balancer, or without one. */
export function registrarOf({ aws, fleet, journal, address, runtime, tuning }: RegistrarParts): Registrar {
  const { balancer, healthCheck, drain } = fleet;
  if (balancer.kind !== "none") return balancerRegistrar(aws, balancer);
  const check = healthCheck === undefined || healthCheck.protocol === "none" ? undefined : healthCheck;
  return new ServiceRegistrar({
    aws,
    fleet: fleet.fleet,
    journal,
    address,
    runtime,
    // If kas reconciles often, it also has to notice failures soon. `kas admin scale` does not reconcile.
    interval: () => Math.min(INTERVAL, tuning().limits.resync / 6 || INTERVAL),
    check: check && (async (instance, signal) => {
      const host = address(instance);
      return host === undefined
        ? { passed: false, description: "EC2 shows no address for the health check" }
        : await checkOnce(runtime, check, host, signal);
    }),
    drain,
  });
}
