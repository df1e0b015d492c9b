/**
 * Starts and stops the sandbox: simulated AWS services on loopback addresses, with real processes as instances.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Balancers } from "./elb/balancers.ts";
import { realClock } from "./clock.ts";
import { zones } from "./ec2/zones.ts";
import type { Call } from "./wire/endpoint.ts";
import { BOOT, DEFAULT_FAULTS, KIND_BOOT, KIND_SHUTDOWN, SHUTDOWN } from "./faults/defaults.ts";
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
import type { BilledUnits } from "./account/billing.ts";
import type { RegistrationPhase } from "./account/load_balancer.ts";

/** Options of a sandbox. All durations are in ms of sandbox time, which runs `speed` times as fast as real time. */
export interface SandboxOptions {
  /** Address on which the AWS endpoint and the load balancer listen. Default: 127.0.0.1. */
  readonly address?: string | undefined;
  /**
   * The first three octets of the instances' addresses, such as `10.77.0`. Default: the instances have loopback addresses.
   */
  readonly subnet?: string | undefined;
  /** Port of the AWS endpoint. Default: 0, which selects a free port. */
  readonly port?: number;
  /** Port of the fleet's load balancer. Default: 0, which selects a free port. */
  readonly balancerPort?: number;
  /** Name of the fleet, its load balancer and its topic. Default: `kas`. */
  readonly fleet?: string;
  /** Number of stopped nodes in addition to the running base instance. Default: 1. */
  readonly nodes?: number;
  /** Whether the account starts empty, without instances, load balancers and topics. */
  readonly empty?: boolean;
  /**
   * Whether the sandbox leaves out the delays and limits of a real account (faults/defaults.ts), and boots instances
   * fast. Default: false.
   */
  readonly kind?: boolean;
  /** How long an instance is pending before it is running, in ms. Default: at random, as in faults/defaults.ts. */
  readonly boot?: number | undefined;
  /** How long an instance is stopping before it is stopped, in ms. Default: as in faults/defaults.ts. */
  readonly shutdown?: number | undefined;
  /** How many times as fast as real time the sandbox time runs. Default: 1. Ignored if `clock` is given. */
  readonly speed?: number;
  /** Number of vCPUs of each instance, over which CPUUtilization is averaged. Default: 1. */
  readonly vcpus?: number;
  /** Seed of the random faults. Default: 1. */
  readonly seed?: number;
  /**
   * Faults at the start, such as `throttle=0.2`. A fault replaces the default fault with the same name, as
   * `metric-delay=0s` does. The sandbox throws TypeError for an invalid fault.
   */
  readonly faults?: readonly string[];
  /**
   * Command line of the worker, to which the sandbox appends `--listen ADDRESS:30000`. Exactly one of the options `worker`,
   * `commands` and `machine` is required.
   */
  readonly worker?: readonly string[];
  /** Commands that boot and stop the machines of the instances. */
  readonly commands?: MachineCommands | undefined;
  /** Function that boots the machine of an instance, for tests. */
  readonly machine?: MachineFactory;
  readonly clock?: Clock;
}

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

/** A running sandbox. Its disposal stops all workers. */
export interface Sandbox extends AsyncDisposable {
  /** URL of the AWS endpoint: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly balancerPort: number;
  /** URL of the fleet's load balancer: `http://127.0.0.1:PORT`. */
  readonly balancerUrl: string;
  /** Environment variables with which kas, the AWS CLI and boto3 use the sandbox. */
  readonly env: Readonly<Record<string, string>>;
  readonly account: AccountView;
  /** The injected faults. A client can change the faults while the sandbox runs. */
  readonly faults: Faults;
  /** The latest API calls, oldest first; at most 10,000. */
  readonly calls: readonly Call[];
  /** Returns the units that AWS would bill so far. */
  readonly billed: () => BilledUnits;
}

/** Region of all resources in the sandbox. */
const REGION = "eu-west-1";

const MAX_CALLS = 10_000;

/** Maximum time until the base instance is in service, in ms of real time. */
const START_TIMEOUT = 30_000;

/**
 * Starts a sandbox and resolves when the seeded base instance is in service. Throws TypeError for invalid options, and
 * Deno.errors.AddrNotAvailable or AddrInUse if the sandbox cannot listen on an address.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { fleet = "kas", nodes = 1, kind = false, clock = realClock(options.speed) } = options;
  const { address = "127.0.0.1", boot = kind ? KIND_BOOT : undefined } = options;
  const faults = new Faults(options.seed, clock);
  for (const fault of [...(kind ? [] : DEFAULT_FAULTS), ...(options.faults ?? [])]) faults.set(fault);
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
  const { lifecycle, balancers, ec2, elb, sns, billing, handle } = started.use(startServices({
    clock,
    account,
    faults,
    region: REGION,
    machine,
    subnet: options.subnet,
    vcpus: options.vcpus,
    boot: boot === undefined ? BOOT : [boot, boot],
    shutdown: options.shutdown ?? (kind ? KIND_SHUTDOWN : SHUTDOWN),
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
    // The sandbox discards earlier snapshots, so that a stale read never returns the account from before the seeding.
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
      // The AWS CLI v1 and boto3 read the region from AWS_DEFAULT_REGION.
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
    billed: () => billing.units(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Starts an HTTP server that runs until the disposal of `stack`. Returns the server's port. */
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
 * Waits until the base instance is in service. Throws the abort reason of `failed`, which aborts if a worker exits or the base
 * instance takes longer than {@linkcode START_TIMEOUT}.
 */
async function waitForBase(view: AccountView, failed: AbortController): Promise<void> {
  const timeout = setTimeout(() => {
    failed.abort(
      new Error(
        `Cannot start the sandbox: the base instance did not come into service within ${
          START_TIMEOUT / 1_000
        } s`,
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
  return phase === "registering" || phase === "checking" ? "out-of-service" : phase;
}
