/**
 * Read access to the simulated account without API calls, for the scenario and the tests.
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import type { RegistrationPhase } from "../account/load_balancer.ts";
import type { Lifecycle } from "../ec2/lifecycle.ts";
import type { Balancers } from "../elb/balancers.ts";
import { fleetPool, fleetRegistration } from "./pool.ts";

/** Status of an instance's registration with the fleet's load balancer. */
export type RegistrationStatus = "none" | "out-of-service" | "in-service" | "draining";

/** An instance of the account, as the scenario and the tests read it. */
export interface InstanceView {
  readonly id: string;
  /** Value of the instance's Name tag. */
  readonly name: string;
  /** Value of the instance's kas:role tag. */
  readonly role: string;
  readonly state: string;
  readonly zone: string;
  /** Private IP address of the instance. The address never changes. */
  readonly address: string;
  readonly registration: RegistrationStatus;
  /** CPU seconds that the instance has used since its latest start; undefined unless the instance is running. */
  readonly cpuSeconds: number | undefined;
}

/** Read access to the simulated account without API calls. */
export interface AccountView {
  /** Returns all instances except terminated ones. */
  instances(): readonly InstanceView[];
  /** Returns the number of requests that the fleet's load balancer has answered. */
  requests(): number;
  /** Resolves when `condition` returns true. Tests `condition` after each change of the account. Rejects when `signal` aborts. */
  waitUntil(condition: () => boolean, signal?: AbortSignal): Promise<void>;
}

/** Returns a view of the account. */
export function accountView(
  account: Account,
  lifecycle: Lifecycle,
  balancers: Balancers,
  fleet: string,
): AccountView {
  return {
    instances: () => {
      const machines = lifecycle.machines();
      return [...account.current.instances.values()].filter(({ state }) => state !== "terminated").map((
        instance,
      ) => ({
        id: instance.id,
        name: instance.tags["Name"] ?? "",
        role: instance.tags["kas:role"] ?? "",
        state: instance.state,
        zone: instance.zone,
        address: instance.address,
        registration: registrationStatus(fleetRegistration(account.current, fleet, instance.id)),
        cpuSeconds: machines.get(instance.id)?.cpuSeconds(),
      }));
    },
    requests: () => balancers.traffic(fleetPool(account.current, fleet) ?? "")?.answered ?? 0,
    waitUntil: (condition, signal) => account.waitUntil(condition, signal),
  };
}

function registrationStatus(phase: RegistrationPhase | undefined): RegistrationStatus {
  if (phase === undefined) return "none";
  return phase === "registering" || phase === "checking" ? "out-of-service" : phase;
}
