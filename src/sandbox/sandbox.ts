/**
 * The sandbox as one value: AWS on loopback, with real processes for instances. What `kas admin sandbox` and the tests start.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Balancers } from "./elb/balancers.ts";
import { realClock } from "./clock.ts";
import { zones } from "./ec2/zones.ts";
import type { Call } from "./wire/endpoint.ts";
import { Faults } from "./faults.ts";
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

/** What sandbox to start. Durations are ms of sandbox time: they pass `speed` times faster. */
export interface SandboxOptions {
  /** Where AWS and the load balancer listen; 127.0.0.1 by default. */
  readonly address?: string | undefined;
  /** The first three numbers of the instances' addresses, `10.77.0`; loopback addresses by default. */
  readonly subnet?: string | undefined;
  /** Port of the AWS endpoint; 0 (the default) picks a free one. */
  readonly port?: number;
  /** Port of the fleet's load balancer; 0 (the default) picks a free one. */
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
  /** The command line of a worker, to which `--listen ADDRESS:30000` is added. This, `commands` or `machine` is needed. */
  readonly worker?: readonly string[];
  /** What boots and stops an instance's machine, where it is not a process of `worker`. */
  readonly commands?: MachineCommands | undefined;
  /** How an instance's machine is made, where it is neither. */
  readonly machine?: MachineFactory;
  readonly clock?: Clock;
}

/** How an instance stands at the fleet's load balancer. */
export type RegistrationStatus = "none" | "out-of-service" | "in-service" | "draining";

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
  readonly registration: RegistrationStatus;
  /** CPU seconds used since it was last started; undefined unless it is running. */
  readonly cpuSeconds: number | undefined;
}

/** What is in the sandbox, read past the wire. */
export interface AccountView {
  /** Every instance that is not terminated. */
  instances(): readonly InstanceView[];
  /** Requests the fleet's load balancer has answered. */
  requests(): number;
  /** Resolves once the condition holds; it is asked again after each change. Rejects with the signal's reason. */
  waitUntil(condition: () => boolean, signal?: AbortSignal): Promise<void>;
}

/** A running sandbox; disposing of it stops every worker. */
export interface Sandbox extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly balancerPort: number;
  /** `http://127.0.0.1:PORT` of the fleet's load balancer. */
  readonly balancerUrl: string;
  /** What points kas, the AWS CLI and boto3 at it: AWS_ENDPOINT_URL, AWS_REGION, the credentials, KAS_FLEET, KAS_TOPIC_ARN… */
  readonly env: Readonly<Record<string, string>>;
  readonly account: AccountView;
  /** Can be changed while it runs. */
  readonly faults: Faults;
  /** The latest calls (10,000 at most), oldest first. */
  readonly calls: readonly Call[];
}

/** Every instance and topic of the sandbox is there. */
const REGION = "eu-west-1";

/** How many calls are kept. */
const MAX_CALLS = 10_000;

/** How long the base may take to come into service, real ms. */
const START_TIMEOUT = 30_000;

/**
 * Starts a sandbox; resolves once it answers and the seeded base is in service. Throws TypeError on options that are wrong, and
 * Deno.errors.AddrNotAvailable or AddrInUse where it can't listen.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { fleet = "kas", nodes = 1, boot = 2_000, shutdown = 1_000, clock = realClock(options.speed) } =
    options;
  const { address = "127.0.0.1" } = options;
  const faults = new Faults(options.seed);
  for (const fault of options.faults ?? []) faults.set(fault);
  const failed = new AbortController();
  const onCrash = ({ id }: MachineAddress, lastWords: string) => {
    failed.abort(new Error(`Cannot start the sandbox: the worker of ${id} ended: ${lastWords}`));
    getLogger(["kas", "sandbox"]).warn("The worker of {id} ended by itself: {lastWords}", { id, lastWords });
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
    // Reads that lag behind find the account as it was seeded, at the earliest.
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
      // What the AWS CLI v1 and boto3 read.
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

/** Serves until the stack is disposed of; the port. */
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

/** @param failed aborted if a worker ends, or here if the base takes too long */
async function waitForBase(view: AccountView, failed: AbortController): Promise<void> {
  const timeout = setTimeout(() => {
    failed.abort(
      new Error(`Cannot start the sandbox: its base is not in service after ${START_TIMEOUT / 1_000} s`),
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
