/**
 * The sandbox as one value: AWS on loopback, with real processes for instances. What `kas admin sandbox` and the tests start.
 *
 * @module
 */
import type { Faults } from "./faults.ts";
import type { MakeMachine } from "./machine.ts";
import type { Clock, Shape } from "./service.ts";

/** What sandbox to start. Durations are ms of sandbox time: they pass `speed` times faster. */
export interface SandboxOptions {
  /** Port of the AWS endpoint on 127.0.0.1; 0 (the default) picks a free one. */
  readonly port?: number;
  /** Port of the fleet's load balancer on 127.0.0.1; 0 (the default) picks a free one. */
  readonly balancerPort?: number;
  /** The fleet's name, and its load balancer's and topic's; `kas` by default. */
  readonly fleet?: string;
  /** How many stopped nodes there are beside the running base; 1 by default. */
  readonly nodes?: number;
  /** An account without instances, balancers and topics. */
  readonly empty?: boolean;
  /** From pending to running, ms; 2,000 by default. */
  readonly boot?: number;
  /** From stopping to stopped, ms; 1,000 by default. */
  readonly shutdown?: number;
  /** How many times faster than life durations pass; 1 by default. Ignored where `clock` is given. */
  readonly speed?: number;
  /** Of the faults' dice; 1 by default. */
  readonly seed?: number;
  /** Faults from the start, as `throttle=0.2`. Throws TypeError on one that is not known. */
  readonly faults?: readonly string[];
  /** The command line of a worker, to which `--listen ADDRESS:30000` is added. One of `worker` and `machine` is needed. */
  readonly worker?: readonly string[];
  /** How an instance's machine is made, where it is not a process of `worker`. */
  readonly machine?: MakeMachine;
  readonly clock?: Clock;
}

/** How an instance stands at the fleet's load balancer. */
export type Standing = "none" | "out-of-service" | "in-service" | "draining";

/** An instance as the scenario and tests look at it. */
export interface InstanceView {
  readonly id: string;
  /** Its Name tag. */
  readonly name: string;
  /** Its kas:role tag. */
  readonly role: string;
  readonly state: string;
  readonly zone: string;
  /** Its private IP, for life. */
  readonly address: string;
  readonly standing: Standing;
  /** CPU seconds used since it was last started; undefined unless it is running. */
  readonly cpuSeconds: number | undefined;
}

/** What is in the sandbox, read past the wire. */
export interface WorldView {
  /** Every instance that is not terminated. */
  instances(): readonly InstanceView[];
  /** Requests the fleet's load balancer has answered. */
  requests(): number;
  /** Resolves once the condition holds; it is asked again after each change. Rejects with the signal's reason. */
  until(condition: () => boolean, signal?: AbortSignal): Promise<void>;
}

/** A call that reached the endpoint. */
export interface Call {
  /** ms since the epoch. */
  readonly at: number;
  readonly service: string;
  readonly action: string;
  readonly input: Shape;
  /** The error code it was answered with. */
  readonly error: string | undefined;
}

/** A running sandbox; disposing of it stops every worker. */
export interface Sandbox extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly balancerPort: number;
  /** What points kas, the AWS CLI and boto3 at it: AWS_ENDPOINT_URL, AWS_REGION, the credentials, KAS_FLEET, KAS_TOPIC_ARN… */
  readonly env: Readonly<Record<string, string>>;
  readonly world: WorldView;
  /** Can be changed while it runs. */
  readonly faults: Faults;
  /** The latest calls (10,000 at most), oldest first. */
  readonly calls: readonly Call[];
}

/** Starts a sandbox; resolves once it answers and the seeded base is in service. */
export function startSandbox(_options: SandboxOptions): Promise<Sandbox> {
  return Promise.reject(new Error("not yet"));
}
