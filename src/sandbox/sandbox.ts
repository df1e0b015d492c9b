/**
 * Starts and stops the sandbox: AWS on loopback, with real processes as instances.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Balancers } from "./elb/balancers.ts";
import { realClock } from "./clock.ts";
import { zones } from "./ec2/zones.ts";
import type { Call } from "./wire/endpoint.ts";
import { Faults } from "./faults/faults.ts";
import type { Lifecycle } from "./ec2/lifecycle.ts";
import { commandMachines, type MachineCommands } from "./machines/command_machine.ts";
import type { MachineAddress, MachineFactory } from "./machines/machine.ts";
import { processMachines } from "./machines/process_machine.ts";
import { seed } from "./seed.ts";
import { ACCOUNT_ID } from "./wire/action.ts";
import type { Clock } from "./clock.ts";
import { startServices } from "./services.ts";
import { Account } from "./account/account.ts";
import type { RegistrationPhase } from "./account/load_balancer.ts";

/** The options of a sandbox. Durations are ms of sandbox time, which passes `speed` times faster than real time. */
export interface SandboxOptions {
  /** The address that AWS and the load balancer listen on; 127.0.0.1 by default. */
  readonly address?: string | undefined;
  /**
   * The first three octets of the instances' addresses, `10.77.0`; by default the instances have loopback addresses.
   */
  readonly subnet?: string | undefined;
  /** Port of the AWS endpoint; 0, the default, selects a free one. */
  readonly port?: number;
  /** Port of the fleet's load balancer; 0, the default, selects a free one. */
  readonly balancerPort?: number;
  /** Name of the fleet, its load balancer and its topic; `kas` by default. */
  readonly fleet?: string;
  /** Number of stopped nodes beside the running base; 1 by default. */
  readonly nodes?: number;
  /** Whether the account starts empty: no instances, load balancers and topics. */
  readonly empty?: boolean;
  /** Time from pending to running, ms; 2,000 by default. */
  readonly boot?: number;
  /** Time from stopping to stopped, ms; 1,000 by default. */
  readonly shutdown?: number;
  /** How many times faster sandbox time passes than real time; 1 by default. Ignored if `clock` is given. */
  readonly speed?: number;
  /** Seed of the random faults; 1 by default. */
  readonly seed?: number;
  /** Initial faults, as `throttle=0.2`. Throws TypeError on an invalid fault. */
  readonly faults?: readonly string[];
  /**
   * The worker's command line, to which the sandbox appends `--listen ADDRESS:30000`. One of `worker`, `commands` and
   * `machine` is required.
   */
  readonly worker?: readonly string[];
  /** Commands that boot and stop the instances' machines. */
  readonly commands?: MachineCommands | undefined;
  /** Boots an instance's machine. Tests use it. */
  readonly machine?: MachineFactory;
  readonly clock?: Clock;
}

/** An instance's registration with the fleet's load balancer. */
export type RegistrationStatus = "none" | "out-of-service" | "in-service" | "draining";

/** An instance as the scenario and the tests read it. */
export interface InstanceView {
  readonly id: string;
  /** The Name tag. */
  readonly name: string;
  /** The kas:role tag. */
  readonly role: string;
  readonly state: string;
  readonly zone: string;
  /** The private IP address, which never changes. */
  readonly address: string;
  readonly registration: RegistrationStatus;
  /** CPU seconds used since the latest start; undefined unless the instance is running. */
  readonly cpuSeconds: number | undefined;
}

/** The account, read without API calls. */
export interface AccountView {
  /** Returns every instance that is not terminated. */
  instances(): readonly InstanceView[];
  /** Returns the number of requests that the fleet's load balancer answered. */
  requests(): number;
  /** Resolves once a condition holds, which it tests after each change. Rejects with the signal's reason. */
  waitUntil(condition: () => boolean, signal?: AbortSignal): Promise<void>;
}

/** A running sandbox. Its disposal stops every worker. */
export interface Sandbox extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly balancerPort: number;
  /** `http://127.0.0.1:PORT` of the fleet's load balancer. */
  readonly balancerUrl: string;
  /** Environment variables that make kas, the AWS CLI and boto3 use the sandbox. */
  readonly env: Readonly<Record<string, string>>;
  readonly account: AccountView;
  /** The faults, which can change while the sandbox runs. */
  readonly faults: Faults;
  /** The latest calls, 10,000 at most, oldest first. */
  readonly calls: readonly Call[];
}

/** The region of every resource. */
const REGION = "eu-west-1";

const MAX_CALLS = 10_000;

/** How long the base may take to come into service, real ms. */
const START_TIMEOUT = 30_000;

/**
 * Starts a sandbox and resolves once the seeded base is in service. Throws TypeError on invalid options, and
 * Deno.errors.AddrNotAvailable or AddrInUse if it cannot listen.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { fleet = "kas", nodes = 1, boot = 2_000, shutdown = 1_000, clock = realClock(options.speed) } =
    options;
  const { address = "127.0.0.1" } = options;
  const faults = new Faults(options.seed, clock);
  for (const fault of options.faults ?? []) faults.set(fault);
  const failed = new AbortController();
  const onCrash = ({ id }: MachineAddress, reason: string) => {
    failed.abort(new Error(`Cannot start the sandbox: the worker of ${id} exited: ${reason}`));
    getLogger(["kas", "sandbox"]).warn("worker exited: {reason}", { instance: id, reason });
  };
  const machine = options.machine ??
    (options.commands === undefined
      ? processMachines(options.worker ?? [], { onCrash })
      : commandMachines(options.commands, { onCrash }));

  await using started = new AsyncDisposableStack();
  const account = new Account(clock.now);
  const endpointUrl: { url?: string } = {};
  const calls: Call[] = [];
  const { lifecycle, balancers, ec2, elb, sns, handle } = started.use(startServices({
    clock,
    account,
    faults,
    region: REGION,
    machine,
    subnet: options.subnet,
    boot,
    shutdown,
    url: () => endpointUrl.url ?? "",
    record: (call) => {
      calls.push(call);
      if (calls.length > MAX_CALLS) calls.shift();
    },
  }));
  const balancerPort = serve(started, address, options.balancerPort ?? 0, (request, { remoteAddr }) => {
    const proxy = balancers.proxy(fleet);
    return proxy === undefined
      ? new Response("no load balancer\n", { status: 503 })
      : proxy.handle(request, remoteAddr.hostname);
  });
  const url = endpointUrl.url = `http://${address}:${serve(started, address, options.port ?? 0, handle)}`;

  const view = accountView(account, lifecycle, balancers, fleet);
  if (!options.empty) {
    await seed({
      ec2,
      elb,
      sns: sns.service,
      lifecycle,
      fleet,
      nodes,
      zones: zones(REGION),
      now: clock.now(),
    });
    await waitForBase(view, failed);
    // Stale reads return the seeded account at the earliest.
    account.forgetHistory();
  }

  const running = started.move();
  return {
    url,
    balancerPort,
    balancerUrl: `http://${address}:${balancerPort}`,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: REGION,
      // The AWS CLI v1 and boto3 read this one.
      AWS_DEFAULT_REGION: REGION,
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7SANDBOX",
      AWS_SECRET_ACCESS_KEY: "sandbox",
      KAS_FLEET: fleet,
      KAS_TOPIC_ARN: `arn:aws:sns:${REGION}:${ACCOUNT_ID}:${fleet}`,
      KAS_LOAD_BALANCER: fleet,
      KAS_TRUST_SIGNER: `${url}/`,
    },
    account: view,
    faults,
    calls,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Serves until the stack is disposed of. Returns the port. */
function serve(
  stack: AsyncDisposableStack,
  hostname: string,
  port: number,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): number {
  const closed = new AbortController();
  const server = Deno.serve(
    { hostname, port, signal: closed.signal, onListen: () => {} },
    handler,
  );
  stack.defer(async () => {
    closed.abort();
    await server.finished;
  });
  return server.addr.port;
}

/**
 * Waits until the base is in service. Throws the reason of `failed`, which is aborted if a worker exits or the base
 * takes too long.
 */
async function waitForBase(view: AccountView, failed: AbortController): Promise<void> {
  const timeout = setTimeout(() => {
    failed.abort(
      new Error(
        `Cannot start the sandbox: its base did not come into service within ${START_TIMEOUT / 1_000} s`,
      ),
    );
  }, START_TIMEOUT);
  try {
    await view.waitUntil(
      () => view.instances().some(({ registration }) => registration === "in-service"),
      failed.signal,
    );
  } finally {
    clearTimeout(timeout);
  }
}

function accountView(
  account: Account,
  lifecycle: Lifecycle,
  balancers: Balancers,
  fleet: string,
): AccountView {
  return {
    instances: () => {
      const machines = lifecycle.machines();
      const registrations = account.current.balancers.get(fleet)?.registrations;
      return [...account.current.instances.values()].filter(({ state }) => state !== "terminated").map((
        instance,
      ) => ({
        id: instance.id,
        name: instance.tags["Name"] ?? "",
        role: instance.tags["kas:role"] ?? "",
        state: instance.state,
        zone: instance.zone,
        address: instance.address,
        registration: registrationStatus(registrations?.get(instance.id)),
        cpuSeconds: machines.get(instance.id)?.cpuSeconds(),
      }));
    },
    requests: () => balancers.proxy(fleet)?.answered ?? 0,
    waitUntil: (condition, signal) => account.waitUntil(condition, signal),
  };
}

function registrationStatus(phase: RegistrationPhase | undefined): RegistrationStatus {
  if (phase === undefined) return "none";
  return phase === "registering" ? "out-of-service" : phase;
}
