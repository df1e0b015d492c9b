/**
 * Starts and stops the sandbox: simulated AWS services on loopback addresses, with real processes as instances.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { listen } from "./elb/traffic/listen.ts";
import { realClock } from "./clock.ts";
import { zones } from "./ec2/zones.ts";
import type { Call } from "./wire/endpoint.ts";
import { BOOT, DEFAULT_FAULTS, KIND_BOOT, KIND_SHUTDOWN, SHUTDOWN } from "./faults/defaults.ts";
import { Faults } from "./faults/faults.ts";
import { commandMachines, type MachineCommands } from "./machines/command_machine.ts";
import { exporters } from "./machines/exporter.ts";
import type { MachineAddress, MachineFactory } from "./machines/machine.ts";
import { processMachines } from "./machines/process_machine.ts";
import { refuseSharedPort, waitForBase } from "./fleet/base.ts";
import { type BalancerKind, fleetPool } from "./fleet/pool.ts";
import { seed } from "./fleet/seed.ts";
import { type AccountView, accountView } from "./fleet/view.ts";
import { ACCOUNT_ID } from "./wire/action.ts";
import type { Clock } from "./clock.ts";
import { startServices } from "./services.ts";
import { Account } from "./account/account.ts";
import type { BilledUnits } from "./account/billing.ts";

export type { AccountView, InstanceView, RegistrationStatus } from "./fleet/view.ts";

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
  /**
   * Port of the fleet's load balancer at `address`. Default: 0, which selects a free port; the load balancer then listens on the port of
   * the instances at its own address.
   */
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
   * Command line of the worker, to which the sandbox appends `--listen ADDRESS:PORT`. Exactly one of the options `worker`,
   * `service`, `commands` and `machine` is required.
   */
  readonly worker?: readonly string[];
  /** Command line of a service, which `sh -c` runs on each instance with HOST, PORT and INSTANCE_ID in its environment. */
  readonly service?: string | undefined;
  /** Port on which the instances serve. Default: 8080 with `service`, otherwise 30000. */
  readonly servicePort?: number | undefined;
  /**
   * Path of the load balancer's health check. Default: `/` with `service`, otherwise `/ping`. Without the option, a Network Load
   * Balancer checks a service by TCP.
   */
  readonly serviceHealth?: string | undefined;
  /** The kind of the fleet's load balancer. Default: classic. */
  readonly balancer?: BalancerKind | undefined;
  /** Commands that boot and stop the machines of the instances. */
  readonly commands?: MachineCommands | undefined;
  /** Function that boots the machine of an instance, for tests. */
  readonly machine?: MachineFactory;
  /** Maximum time until the base instance is in service, in ms of real time. Default: 30 s. */
  readonly startTimeout?: number;
  /** Ends the start: {@linkcode startSandbox} then throws its reason. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** A running sandbox. Its disposal stops all workers. */
export interface Sandbox extends AsyncDisposable {
  /** URL of the AWS endpoint: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly balancerPort: number;
  /** URL of the fleet's load balancer: `http://127.0.0.1:PORT`; with a Network Load Balancer, `tcp://127.0.0.1:PORT`. */
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

/** Default of {@linkcode SandboxOptions.startTimeout}. */
const START_TIMEOUT = 30_000;

/** Port on which kas's worker serves, and the default port of another service. */
const WORKER_PORT = 30_000;
const SERVICE_PORT = 8_080;

/**
 * Time from SIGTERM to SIGKILL in ms of sandbox time, and its minimum in ms of real time. Source: systemd-system.conf(5),
 * DefaultTimeoutStopSec.
 */
const GRACE = 90_000;
const MIN_GRACE = 5_000;

/** How long the sandbox of a fleet without a load balancer waits for a crash of the base instance, in ms of real time. */
const CRASH_WAIT = 1_000;

/**
 * Starts a sandbox and resolves when the seeded base instance is in service. Throws TypeError for invalid options,
 * Deno.errors.AddrNotAvailable if the machine lacks a loopback address, and an Error that says what to do if the sandbox cannot listen on a
 * port, or if the base instance does not come into service.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { fleet = "kas", nodes = 1, kind = false, clock = realClock(options.speed) } = options;
  const { address = "127.0.0.1", boot = kind ? KIND_BOOT : undefined, balancer = "classic" } = options;
  const { service, serviceHealth, servicePort = service === undefined ? WORKER_PORT : SERVICE_PORT } =
    options;
  const faults = new Faults(options.seed, clock);
  for (const fault of [...(kind ? [] : DEFAULT_FAULTS), ...(options.faults ?? [])]) faults.set(fault);
  options.signal?.throwIfAborted();
  const failed = new AbortController();
  options.signal?.addEventListener("abort", () => failed.abort(options.signal?.reason), { once: true });
  const what = service === undefined ? "worker" : "service";
  const onCrash = ({ id }: MachineAddress, reason: string) => {
    const why = `${reason}${hint(reason)}`;
    failed.abort(new Error(`Cannot start the sandbox: the ${what} of ${id} exited: ${why}`));
    getLogger(["kas", "sandbox"]).warn(`${what} exited: {reason}`, { instance: id, reason: why });
  };
  const program = service === undefined
    ? { worker: options.worker ?? [], port: servicePort }
    : { service, port: servicePort };
  const machine = options.machine ??
    (options.commands === undefined
      ? processMachines(program, { onCrash, grace: Math.max(MIN_GRACE, GRACE / clock.speed) })
      : commandMachines(options.commands, { onCrash }));

  await using started = new AsyncDisposableStack();
  const account = new Account(clock.now);
  const endpointUrl: { url?: string } = {};
  const calls: Call[] = [];
  const { lifecycle, balancers, ec2, elb, elbV2, sns, billing, handle } = started.use(startServices({
    clock,
    account,
    faults,
    region: REGION,
    machine,
    subnet: options.subnet,
    vcpus: options.vcpus,
    startExporter: options.subnet === undefined ? exporters(clock, faults) : undefined,
    boot: boot === undefined ? BOOT : [boot, boot],
    shutdown: options.shutdown ?? (kind ? KIND_SHUTDOWN : SHUTDOWN),
    url: () => endpointUrl.url ?? "",
    record: (call) => {
      calls.push(call);
      if (calls.length > MAX_CALLS) calls.shift();
    },
  }));
  const { port: balancerPort } = started.use(
    open(address, options.balancerPort, "--balancer-port", (at) =>
      listen({
        ...at,
        protocol: balancer === "network" ? "TCP" : "HTTP",
        admits: () => true,
        proxy: () => balancers.traffic(fleetPool(account.current, fleet) ?? ""),
      })),
  );
  const port = open(address, options.port, "--port", (at) => serve(started, at, handle));
  const url = endpointUrl.url = `http://${address}:${port}`;

  const view = accountView(account, lifecycle, balancers, fleet);
  let targetGroup: string | undefined;
  if (!options.empty) {
    targetGroup = await seed({
      ec2,
      elb,
      elbV2,
      sns: sns.service,
      lifecycle,
      faults,
      fleet,
      nodes,
      zones: zones(REGION),
      now: clock.now(),
      balancer,
      listenerPort: options.balancerPort || servicePort,
      servicePort,
      healthPath: serviceHealth ?? (service === undefined ? "/ping" : undefined),
    });
    if (balancer === "none") {
      await new Promise((resolve) => setTimeout(resolve, CRASH_WAIT));
      failed.signal.throwIfAborted();
    } else {
      const { startTimeout: timeout = START_TIMEOUT } = options;
      await waitForBase({ view, account, fleet, servicePort, failed, timeout });
    }
    if (service !== undefined) await refuseSharedPort(servicePort);
    // The sandbox discards earlier snapshots, so that a stale read never returns the account from before the seeding.
    account.forgetHistory();
  }

  const running = started.move();
  return {
    url,
    balancerPort,
    balancerUrl: `${balancer === "network" ? "tcp" : "http"}://${address}:${balancerPort}`,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: REGION,
      // The AWS CLI v1 and boto3 read the region from AWS_DEFAULT_REGION.
      AWS_DEFAULT_REGION: REGION,
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7SANDBOX",
      AWS_SECRET_ACCESS_KEY: "sandbox",
      KAS_FLEET: fleet,
      KAS_TOPIC_ARN: `arn:aws:sns:${REGION}:${ACCOUNT_ID}:${fleet}`,
      ...(balancer === "classic" && !options.empty ? { KAS_LOAD_BALANCER: fleet } : {}),
      ...(balancer === "none" ? { KAS_BALANCER: "none" } : {}),
      // Without a load balancer, kas has no other source for the health check.
      ...(balancer === "none" && serviceHealth !== undefined
        ? { KAS_HEALTH_CHECK: `http:${servicePort}${serviceHealth}` }
        : {}),
      ...(targetGroup === undefined ? {} : { KAS_TARGET_GROUP: targetGroup }),
      KAS_TRUST_SIGNER: `${url}/`,
    },
    account: view,
    faults,
    calls,
    billed: () => billing.units(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Opens a port. Throws an Error that names the address and the option if that is not possible. */
function open<T>(
  hostname: string,
  port: number | undefined,
  option: string,
  listen: (at: { readonly hostname: string; readonly port: number }) => T,
): T {
  try {
    return listen({ hostname, port: port ?? 0 });
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new Error(
      `Cannot start the sandbox: cannot listen on ${hostname}:${port}: ${reason}. ${option} 0 picks a free port`,
      { cause },
    );
  }
}

/** Starts an HTTP server that runs until the disposal of `stack`. Returns the server's port. */
function serve(
  stack: AsyncDisposableStack,
  at: { readonly hostname: string; readonly port: number },
  handler: Deno.ServeHandler<Deno.NetAddr>,
): number {
  const closed = new AbortController();
  const server = Deno.serve({ ...at, signal: closed.signal, onListen: () => {} }, handler);
  stack.defer(async () => {
    closed.abort();
    await server.finished;
  });
  return server.addr.port;
}

/** Returns what to do about the crash of a service; empty if that is not known. */
function hint(reason: string): string {
  return /EADDRINUSE|address already in use/i.test(reason)
    ? ". The service must listen on the address in HOST: every instance has an address of its own. If another program listens on this " +
      "port of all addresses, choose another port with --service-port"
    : "";
}
