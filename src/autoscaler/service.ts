/**
 * The service that `kas autoscaler` runs: its fleets, the HTTP endpoint and the socket of operators.
 *
 * @module
 */
import type { X509Certificate } from "node:crypto";
import { getLogger, withContext } from "@logtape/logtape";
import { realRuntime } from "../runtime.ts";
import { certificateLoader } from "../sns/certificate_loader.ts";
import { MessageError } from "../sns/message.ts";
import { messageVerifier } from "../sns/verify.ts";
import { VERSION } from "../build/version.ts";
import { hintText } from "../cli/command_line.ts";
import type { AutoscalerRuntime } from "./assemble.ts";
import type { FleetOptions, Tuning } from "./assembly_options.ts";
import { type FleetService, startFleet } from "./fleet_service.ts";
import { settingOf } from "./flags/shown.ts";
import { handler } from "./http/endpoint.ts";
import { listen as listenTo } from "./http/listener.ts";
import { Metrics } from "./http/metrics/metrics.ts";
import { operatorHandler } from "./http/operator/operator.ts";
import { listenAtSocket } from "./http/operator/socket.ts";
import type { DownFleet } from "./http/receive.ts";
import { fleetFolders } from "./store/folder/fleet_folders.ts";
import { StateFolder } from "./store/folder/state_folder.ts";
import { checkPlace, unusable } from "./store/store.ts";
import { UnusableError } from "./store/folder/unusable.ts";

/** Options of the service. */
export interface ServiceOptions {
  readonly fleets: readonly FleetOptions[];
  readonly state: string;
  /** The address to listen on. If absent, the service does not listen. */
  readonly listen?: { readonly hostname: string; readonly port: number } | undefined;
  /** The path of the Unix socket to listen on for operators. If absent, the service does not listen there. */
  readonly socket?: string;
  /** Host names for which the endpoint answers requests for its state. It also answers requests for IP addresses and localhost. */
  readonly hosts?: readonly string[];
  readonly trustSigner?: string | undefined;
  /** Returns the signing certificate at a URL. Default: kas downloads the certificate. */
  readonly certificate?: (url: string) => Promise<X509Certificate>;
}

/** A running service. Its disposal stops the endpoint, the control loops and the activities, and closes the state folder. */
export interface Service extends AsyncDisposable {
  /** The URL of the endpoint, `http://HOST:PORT`. "" if the service does not listen. */
  readonly url: string;
  /** The running fleets. */
  readonly fleets: readonly FleetService[];
  /** The state folder, which the service has locked. */
  readonly folder: StateFolder;
  /** Checks that the folders of the journals are still at their paths. Throws {@linkcode UnusableError} if one is not. */
  checkPlace(): void;
  /** Answers an HTTP request. */
  readonly handle: (request: Request) => Promise<Response>;
  /** Answers an HTTP request of an operator. */
  readonly operate: (request: Request) => Promise<Response>;
  /** Replaces the settings of fleets, by their names. */
  tune(tunings: ReadonlyMap<string, Tuning>): void;
  /** Whether the control loops run and the inboxes can be read. Throws if an inbox cannot be read. */
  alive(): boolean;
}

/**
 * How much later each fleet first reconciles than the one before, in ms. Otherwise all fleets would read their alarms at the same time,
 * again and again. CloudWatch accepts nine DescribeAlarms a second. Source: CloudWatch user guide, "CloudWatch service quotas".
 */
const STAGGER = 150;

const log = getLogger(["kas", "autoscaler"]);

/**
 * Starts the service. If there are several fleets, a fleet whose journal kas cannot use does not stop the others: kas reports the fleet as
 * down.
 *
 * @throws {UnusableError} if another autoscaler uses the state folder, if kas cannot listen at the address, or if no fleet can start
 */
export function startService(options: ServiceOptions, runtime: AutoscalerRuntime = realRuntime): Service {
  const { listen } = options;
  const started = new Date(runtime.clock.now()).toISOString();
  const isSeveral = options.fleets.length > 1;
  const metrics = new Metrics({ version: VERSION, started: Date.parse(started) });
  if (isSeveral) metrics.addRefused();

  using unfinished = new DisposableStack();
  const locked = lockFolder(options.state);
  unfinished.use(locked);
  const folders = fleetFolders(options.state, options.fleets.map(({ fleet }) => fleet.fleet));
  const all = options.fleets.map((fleet, i) => {
    const folder = folders.get(fleet.fleet.fleet) ?? options.state;
    const place = {
      state: folder === options.state ? locked : folder,
      identity: { version: VERSION, started },
      isOneOfSeveral: isSeveral,
      metrics: metrics.add({ fleet: fleet.fleet.fleet, limits: fleet.limits }),
      firstReconcile: i * STAGGER,
    };
    return isSeveral
      ? startedOrDown(fleet, folder, () => startFleet(fleet, place, runtime), metrics)
      : startFleet(fleet, place, runtime);
  });
  const fleets = all.flatMap((fleet) => "autoscaler" in fleet ? fleet : []);
  for (const fleet of fleets) unfinished.defer(() => void fleet[Symbol.asyncDispose]());
  const [down] = all.flatMap((fleet) => "error" in fleet ? fleet : []);
  if (fleets.length === 0 && down !== undefined) throw down.error;

  const handle = endpoint({ options, runtime, started, all, metrics });
  const server = listen && listenTo(listen, handle);
  const url = server === undefined ? "" : urlOf(server.addr);
  const operate = operatorHandler(all.map((fleet) => "operator" in fleet ? fleet.operator : fleet));
  const socket = options.socket === undefined ? undefined : listenAtSocket(options.socket, operate);
  logStart(options, url);
  unfinished.move();
  return {
    url,
    fleets,
    folder: locked,
    checkPlace: () => {
      checkPlace(locked);
      for (const { autoscaler } of fleets) autoscaler.store.checkPlace();
    },
    handle,
    operate,
    tune: (tunings) => {
      for (const fleet of fleets) {
        const to = tunings.get(fleet.fleet);
        if (to !== undefined) fleet.tune(to);
      }
    },
    alive: () => fleets.every((fleet) => fleet.alive()),
    [Symbol.asyncDispose]: async () => {
      // Stop requests first, then the fleets. Unlock the folder last.
      await Promise.all([server?.[Symbol.asyncDispose](), socket?.[Symbol.asyncDispose]()]);
      await Promise.all(fleets.map((fleet) => fleet[Symbol.asyncDispose]()));
      locked[Symbol.dispose]();
      log.info("stopped");
    },
  };
}

/** A fleet that could not start, with the error. */
interface Down extends DownFleet {
  readonly error: UnusableError;
}

/** Starts a fleet, or returns why the fleet could not start: whatever the reason is, the other fleets run. */
function startedOrDown(
  options: FleetOptions,
  folder: string,
  start: () => FleetService,
  metrics: Metrics,
): FleetService | Down {
  const { fleet: { fleet }, topicArn, resubscribe } = options;
  try {
    // The log lines of everything that the fleet does contain its name.
    return withContext({ fleet }, start);
  } catch (cause) {
    const error = cause instanceof UnusableError ? cause : unusable(folder, cause as Error);
    metrics.setUp(fleet, false);
    log.error("fleet could not start; the other fleets run", {
      fleet,
      reason: error.message,
      remedy: hintText(error.hint),
    });
    return { fleet, topicArn, resubscribe, problem: error.message, error };
  }
}

/** @throws {UnusableError} if another autoscaler uses the folder, or if kas cannot use it */
function lockFolder(path: string): StateFolder {
  try {
    return StateFolder.lock(path);
  } catch (cause) {
    throw unusable(path, cause as Error);
  }
}

function logStart({ fleets }: ServiceOptions, url: string): void {
  const event = url === "" ? "polling, with no port open" : `listening on ${url}`;
  const [first] = fleets;
  if (fleets.length === 1 && first !== undefined) return log.info(event, fieldsOf(first));
  log.info(event, { fleets: fleets.map(({ fleet }) => fleet.fleet).join(" ") });
  for (const fleet of fleets) log.info("fleet configured", fieldsOf(fleet));
}

function fieldsOf({ fleet, topicArn, limits, dryRun }: FleetOptions): Record<string, unknown> {
  return {
    fleet: fleet.fleet,
    ...settingOf(fleet.balancer),
    ...(topicArn === undefined ? { pull: limits.resync } : { topicArn }),
    dryRun,
  };
}

/** The parts from which {@linkcode endpoint} builds the handler. */
interface EndpointParts {
  readonly options: ServiceOptions;
  readonly runtime: AutoscalerRuntime;
  /** When the autoscaler started, in ISO 8601. */
  readonly started: string;
  readonly all: readonly (FleetService | Down)[];
  readonly metrics: Metrics;
}

function endpoint({ options, runtime, started, all, metrics }: EndpointParts): Service["handle"] {
  const { clock: { now }, fetch } = runtime;
  const { trustSigner, hosts = [], certificate = certificateLoader({ now, fetch }) } = options;
  const down = all.flatMap((fleet) => "error" in fleet ? fleet.fleet : []).join(",");
  const topicArns = options.fleets.flatMap(({ topicArn }) => topicArn ?? []);
  return handler({
    verify: topicArns.length === 0
      ? () => Promise.reject(new MessageError("this autoscaler takes no messages: it runs with --pull", 403))
      : messageVerifier({ topicArns, trustSigner, certificate, now }),
    fleets: all.map((fleet) => "endpoint" in fleet ? fleet.endpoint : fleet),
    hosts,
    identity: {
      fleet: all.map(({ fleet }) => fleet).join(","),
      version: VERSION,
      started,
      ...(down === "" ? {} : { down }),
    },
    onRefused: (outcome, why) => metrics.onRefused(outcome, why),
    metrics: () => {
      for (const fleet of all) if ("measure" in fleet) measure(fleet, metrics, all.length > 1);
      return metrics.exposition();
    },
    now,
  });
}

/** Measures a fleet. If there are several, a fleet whose journal kas cannot read any more does not hide the metrics of the others. */
function measure(fleet: FleetService, metrics: Metrics, isOneOfSeveral: boolean): void {
  try {
    fleet.measure();
    metrics.setUp(fleet.fleet, true);
  } catch (error) {
    if (!isOneOfSeveral) throw error;
    metrics.setUp(fleet.fleet, false);
    log.error("cannot measure fleet", { fleet: fleet.fleet, reason: (error as Error).message });
  }
}

function urlOf({ hostname, port }: Deno.NetAddr): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
